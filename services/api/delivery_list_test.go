package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// jobs returns the queued jobs of a delivery in order, as queue and round.
func (p person) jobs(t *testing.T, deliveryID uuid.UUID) []string {
	t.Helper()
	var got []string
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT queue, args FROM river_job WHERE kind = 'delivery' ORDER BY id`)
		if err != nil {
			return err
		}
		var queue string
		var args []byte
		_, err = pgx.ForEachRow(rows, []any{&queue, &args}, func() error {
			var job delivery.Job
			if err := json.Unmarshal(args, &job); err != nil {
				return err
			}
			if job.DeliveryID == deliveryID {
				got = append(got, fmt.Sprintf("%s %d", queue, job.Round))
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ends stores the outcome of an attempt, as notifier does.
func (p person) ends(t *testing.T, d apiv1.Delivery, round int, o postgres.Outcome) {
	t.Helper()
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return postgres.MarkAttempt(t.Context(), tx, postgres.Delivery{ID: d.ID, Round: round}, o, p.instant())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p person) delivery(t *testing.T, id uuid.UUID) apiv1.Delivery {
	t.Helper()
	return decoded[apiv1.Delivery](t, p.send(t, "GET", "/api/v1/deliveries/"+id.String(), nil).want(t, 200))
}

func TestTestIsQueued(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	c := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	path := "/api/v1/channels/" + c.ID.String() + "/test"
	r := p.send(t, "POST", path, nil, header("Idempotency-Key", "once")).want(t, 202)
	d := decoded[apiv1.Delivery](t, r)
	want := d
	want.Test, want.State, want.TaskID, want.ChannelID = true, "pending", nil, &c.ID
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("the test message differs (-want +got):\n%s", diff)
	}
	if got, want := r.Header.Get("Location"), "/api/v1/deliveries/"+d.ID.String(); got != want {
		t.Errorf("got Location %s, want %s", got, want)
	}
	p.send(t, "POST", path, nil, header("Idempotency-Key", "once")).want(t, 202)
	if got, want := p.jobs(t, d.ID), []string{"webhook 0"}; !slices.Equal(got, want) {
		t.Errorf("got jobs %v, want %v", got, want)
	}

	for range maxTests - 1 {
		p.send(t, "POST", path, nil).want(t, 202)
	}
	p.send(t, "POST", path, nil).wantProblem(t, 429, "rate_limited")
	p.advance(testWindow + time.Second)
	p.send(t, "POST", path, nil).want(t, 202)
}

// TestTestBesideDeletion requests a test while the account is being deleted.
func TestTestBesideDeletion(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	c := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	got := make(chan reply, 1)
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := postgres.LockUserToDelete(t.Context(), tx, p.ID); err != nil {
			return err
		}
		go func() { got <- p.send(t, "POST", "/api/v1/channels/"+c.ID.String()+"/test", nil) }()
		if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
			return err
		}
		return postgres.DeleteUser(t.Context(), tx, p.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	(<-got).wantProblem(t, 401, "unauthorized")
}

func TestRetry(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	c := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	d := decoded[apiv1.Delivery](t, p.send(t, "POST", "/api/v1/channels/"+c.ID.String()+"/test", nil).want(t, 202))
	path := "/api/v1/deliveries/" + d.ID.String() + "/retry"
	p.send(t, "POST", path, nil).wantProblem(t, 409, "conflict")

	next := testStart.Add(time.Hour)
	p.ends(t, d, 0, postgres.Outcome{State: postgres.DeliveryFailed, Reason: "it answered 500", Next: &next})
	got := p.delivery(t, d.ID)
	want := got
	want.State, want.Attempts, want.Reason, want.NextAttemptAt = "failed", 1, new("it answered 500"), &next
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the failed delivery differs (-want +got):\n%s", diff)
	}
	p.advance(time.Minute)
	got = decoded[apiv1.Delivery](t, p.send(t, "POST", path, nil).want(t, 202))
	if got.State != "pending" || !got.NextAttemptAt.Equal(testStart.Add(time.Minute)) {
		t.Errorf("got %+v, want it pending now", got)
	}
	if jobs, want := p.jobs(t, d.ID), []string{"webhook 0", "webhook 1"}; !slices.Equal(jobs, want) {
		t.Errorf("got jobs %v, want %v", jobs, want)
	}

	p.ends(t, d, 0, postgres.Outcome{State: postgres.DeliveryGivenUp, Reason: "of the round before"})
	if got = p.delivery(t, d.ID); got.State != "pending" {
		t.Errorf("got %+v, want the end of an earlier round ignored", got)
	}
	p.ends(t, d, 1, postgres.Outcome{State: postgres.DeliveryGivenUp, Reason: "it answered 410"})
	p.send(t, "POST", path, nil).want(t, 202)
	p.ends(t, d, 1, postgres.Outcome{State: postgres.DeliverySent})
	got = p.delivery(t, d.ID)
	want = got
	want.State, want.Reason, want.NextAttemptAt = "sent", nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the delivery that another round sent differs (-want +got):\n%s", diff)
	}
	if got.SentAt == nil {
		t.Error("the delivery that another round sent has no time")
	}
	p.ends(t, d, 2, postgres.Outcome{State: postgres.DeliveryFailed, Reason: "late"})
	if got = p.delivery(t, d.ID); got.State != "sent" {
		t.Errorf("got %+v, want it still sent", got)
	}
	p.send(t, "POST", path, nil).wantProblem(t, 409, "conflict")
}

func TestDeliveriesAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	var ids []string
	var channels []apiv1.ChannelWithSecret
	for range 2 {
		channels = append(channels, decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201)))
	}
	for i := range 6 {
		d := decoded[apiv1.Delivery](t, p.send(t, "POST", "/api/v1/channels/"+channels[i%2].ID.String()+"/test", nil).want(t, 202))
		ids = append(ids, d.ID.String())
		if i < 2 {
			p.ends(t, d, 0, postgres.Outcome{State: postgres.DeliverySent})
		}
		if i%3 == 2 {
			p.advance(time.Second) // some are created at the same instant
		}
	}
	slices.Reverse(ids)
	list := func(query string) []string {
		t.Helper()
		got := []string{}
		for cursor := ""; ; {
			part := decoded[apiv1.Page[apiv1.Delivery]](t, p.send(t, "GET", "/api/v1/deliveries?limit=2&cursor="+cursor+query, nil).want(t, 200))
			for _, d := range part.Items {
				got = append(got, d.ID.String())
			}
			if cursor = part.NextCursor; cursor == "" {
				return got
			}
		}
	}
	for query, want := range map[string][]string{
		"":                                       ids,
		"&state=sent":                            ids[4:],
		"&state=failed":                          {},
		"&channel_id=" + channels[0].ID.String(): {ids[1], ids[3], ids[5]},
		"&task_id=" + uuid.NewString():           {},
	} {
		if got := list(query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	p.send(t, "GET", "/api/v1/deliveries?state=lost&channel_id=x&cursor=y", nil).wantProblem(t, 422, "invalid")
	p.send(t, "DELETE", "/api/v1/channels/"+channels[0].ID.String(), nil).want(t, 204)
	if got := list(""); !slices.Equal(got, ids) {
		t.Errorf("got %v after the channel was deleted, want its deliveries to stay: %v", got, ids)
	}
}
