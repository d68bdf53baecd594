package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

const testQuota = 200_000

// stored returns the bytes that a person's account stores.
func (p person) stored(t *testing.T) int64 {
	t.Helper()
	me := decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200))
	if me.QuotaBytes != int64(p.cfg.QuotaBytes) {
		t.Errorf("got a quota of %d bytes, want %d", me.QuotaBytes, p.cfg.QuotaBytes)
	}
	return me.StoredBytes
}

// storeUntil lets a store of the account's own grow until the account stores n bytes.
func (p person) storeUntil(t *testing.T, n int64) {
	t.Helper()
	p.exec(t, `INSERT INTO usage AS u VALUES ($1, 'test', $2) ON CONFLICT (user_id, store) DO UPDATE SET bytes = u.bytes + excluded.bytes`, p.ID, n-p.stored(t))
}

// No sequence of accepted changes passes the quota.
func TestQuotaIsNeverPassed(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t, func(c *config) { c.QuotaBytes = testQuota }).newPerson(t)
	made := p.newTask(t, object{"title": "x"})
	n := 0
	for refused := 0; refused < 3; n++ {
		notes := strings.Repeat("\u00e9", n%7*100)
		r := p.send(t, "POST", taskPath(made.ID, []string{"/complete", "/reopen"}[n%2]), nil, header("Idempotency-Key", uuid.NewString()))
		if r.Status == 200 {
			r = p.send(t, "PATCH", taskPath(made.ID), object{"description": notes})
		}
		if r.Status == 507 {
			refused++
		}
		if n%5 == 0 {
			p.send(t, "POST", "/api/v1/tasks", object{"title": "x", "description": notes, "completed": true}, header("Idempotency-Key", uuid.NewString()))
		}
		if got := p.stored(t); got > testQuota+testQuota/8 || refused == 0 && got > testQuota {
			t.Fatalf("the account stores %d bytes", got)
		}
	}
	if n < 10 {
		t.Errorf("the account was full after %d changes", n)
	}
}

// A full account can read, delete and complete. Every change that needs room is refused before anything
// is written.
func TestFullAccount(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.QuotaBytes = testQuota })
	p := a.newPerson(t)
	notes := strings.Repeat("x", 1000)
	daily := p.newTask(t, object{"title": "daily", "due_at": "2026-03-02T12:00:00Z", "recurrence": object{"rrule": "daily"}})
	done := p.newTask(t, object{"title": "done", "completed": true})
	open := p.newTask(t, object{"title": "open", "description": notes, "due_at": minute(60)})
	channel := decoded[apiv1.Channel](t, p.send(t, "POST", "/api/v1/channels", object{"kind": "webhook", "url": "https://example.com/"}).want(t, 201))
	file := exportOf(t, task.Task{ID: uuid.New(), Title: "imported"})
	p.storeUntil(t, testQuota)

	before := everythingOf(t, p)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/v1/tasks", object{"title": "x"}},
		{"PATCH", taskPath(open.ID), object{"title": "shorter", "description": ""}},
		{"PATCH", taskPath(open.ID), object{"title": "renamed", "completed": true}},
		{"POST", taskPath(done.ID, "/reopen"), nil},
		{"POST", taskPath(open.ID, "/snooze"), object{"minutes": 5}},
		{"POST", taskPath(daily.ID, "/skip"), nil},
		{"POST", "/api/v1/import", file},
		{"POST", "/api/v1/import?dry_run=true", file},
		{"POST", "/api/v1/channels/" + channel.ID.String() + "/test", nil},
	} {
		p.send(t, c.method, c.path, c.body).wantProblem(t, 507, "quota_exceeded")
		if diff := cmp.Diff(before, everythingOf(t, p)); diff != "" {
			t.Errorf("%s %s was refused and stored something:\n%s", c.method, c.path, diff)
		}
	}
	p.readWrite(t).refused(t, "add_tasks", args{"sentences": []string{"buy milk"}}, "the storage of your account is full", "delete tasks")
	a.newPerson(t).newTask(t, object{"title": "another account has room"})

	p.send(t, "POST", taskPath(open.ID, "/complete"), nil, header("Idempotency-Key", "k1")).want(t, 200)
	completed := decoded[task.Task](t, p.send(t, "POST", taskPath(daily.ID, "/complete"), nil).want(t, 200))
	next, _, err := task.NextTask(completed, *completed.CompletedAt)
	if err != nil {
		t.Fatal(err)
	}
	p.storeUntil(t, testQuota+testQuota/8)
	// The occurrence of an accepted completion is never lost.
	p.testAPI.send(t, "POST", "/internal/occurrences", object{"user_id": p.ID, "previous_id": daily.ID, "completed_revision": completed.Revision, "task": next},
		header("Dapr-Api-Token", p.cfg.AppAPIToken)).want(t, 201)
	p.send(t, "POST", taskPath(next.ID, "/complete"), nil).wantProblem(t, 507, "quota_exceeded")
	p.send(t, "POST", taskPath(done.ID, "/complete"), nil, header("Idempotency-Key", "k2")).wantProblem(t, 507, "quota_exceeded")
	p.send(t, "POST", taskPath(open.ID, "/complete"), nil, header("Idempotency-Key", "k1")).want(t, 200)

	p.send(t, "GET", taskPath(open.ID), nil).want(t, 200)
	full := p.stored(t)
	p.send(t, "DELETE", taskPath(open.ID), nil).want(t, 204)
	p.exec(t, `UPDATE outbox SET published_at = created_at`)
	if _, err := purgeOnce(t.Context(), p.db, testStart.Add(eventRetention+time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := p.stored(t); got > full-2000 {
		t.Errorf("%d bytes are stored after a deletion and 7 days, want far less than the %d before", got, full)
	}
}
