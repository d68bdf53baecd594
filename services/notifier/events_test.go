package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

func TestDuplicateIsOneDelivery(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	b.addChannel(t, h.channel())
	replicas := []*instance{b.start(t, testTiming), b.start(t, testTiming)}
	e := b.reminder(t, b.user, "x")
	var g sync.WaitGroup
	for i := range 16 {
		g.Go(func() {
			if got := replicas[i%2].post(t, e); got != "SUCCESS" {
				t.Errorf("got verdict %s", got)
			}
		})
	}
	g.Wait()
	// What follows it in the queue shows that nothing else was before.
	last := b.reminder(t, b.user, "last")
	replicas[0].want(t, last)
	b.settled(t, b.user, 2, postgres.DeliverySent)
	replicas[1].want(t, e)
	if got := len(b.deliveries(t, b.user)); got != 2 || len(h.received()) != 2 {
		t.Errorf("got %d deliveries and %d messages, want 2: one for each event", got, len(h.received()))
	}
}

// TestReminderBesideDeletion brings a reminder while the account is being deleted: neither waits for the other for ever.
func TestReminderBesideDeletion(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	b.addChannel(t, h.channel())
	n, e := b.start(t, testTiming), b.reminder(t, b.user, "x")
	got := make(chan string, 1)
	b.tx(t, func(tx pgx.Tx) error {
		if _, err := postgres.LockUserToDelete(t.Context(), tx, b.user); err != nil {
			return err
		}
		go func() { got <- n.post(t, e) }()
		if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
			return err
		}
		return postgres.DeleteUser(t.Context(), tx, b.user)
	})
	if verdict := <-got; verdict != "RETRY" {
		t.Errorf("got verdict %s", verdict)
	}
	n.want(t, e) // nobody is left to be told
	if len(h.received()) > 0 {
		t.Error("somebody without an account was told")
	}
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	const users, events = 4, 25
	b, h, log := newBed(t), newHook(t, nil), &logged{}
	// Far more attempts are made at once than there are connections.
	few := func(c *config) { c.DatabaseConns = 2 }
	patient := testTiming
	patient.mark, patient.rescue = 2*patience, 3*patience
	replicas := []*instance{b.startLogging(t, patient, log, few), b.startLogging(t, patient, log, few)}
	var ids []uuid.UUID
	for range users {
		id := b.newUser(t)
		c := h.channel()
		c.UserID = id
		b.addChannel(t, c)
		b.addChannel(t, c)
		ids = append(ids, id)
	}
	var g sync.WaitGroup
	for _, id := range ids {
		g.Go(func() {
			for i := range events {
				if got := replicas[i%2].post(t, b.reminder(t, id, strconv.Itoa(i))); got != "SUCCESS" {
					t.Errorf("got verdict %s", got)
				}
			}
		})
	}
	g.Wait()
	want := map[string]int{}
	for _, id := range ids {
		for _, d := range b.settledWithin(t, snoozePatience, id, 2*events, postgres.DeliverySent) {
			want[d.ID.String()] = 1
		}
	}
	got := map[string]int{}
	for _, r := range h.received() {
		got[r.ID]++
	}
	if len(got) != 2*events*users || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d deliveries, want %d, each once: %v", len(got), len(want), got)
	}
	if text := log.String(); text != "" {
		t.Errorf("something was in the way:\n%s", text)
	}
}

func TestOnlyEnabledChannelsOfTheOwner(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	n := b.start(t, testTiming)
	n.want(t, b.reminder(t, b.user, "nobody listens"))

	stranger := h.channel()
	stranger.UserID = b.newUser(t)
	b.addChannel(t, stranger)
	mine := b.addChannel(t, h.channel())
	n.want(t, b.reminder(t, b.user, "x"))
	d := b.settled(t, b.user, 1, postgres.DeliverySent)[0]
	if *d.ChannelID != mine.ID || len(b.deliveries(t, stranger.UserID)) != 0 {
		t.Errorf("got %+v, want one delivery to the owner's channel %s", d, mine.ID)
	}
}

func TestOtherEventsAreTaken(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	b.addChannel(t, h.channel())
	n := b.start(t, testTiming)
	e := b.reminder(t, b.user, "x")
	for _, kind := range []string{event.TaskCreated, "reminder.due.v2"} {
		e.ID, e.Type = uuid.New(), kind
		n.want(t, e)
	}
	e.ID, e.Type, e.Data.UserID = uuid.New(), event.ReminderDue, uuid.Nil
	if got := n.post(t, e); got != "DROP" {
		t.Errorf("got verdict %s for an event without a user, want DROP", got)
	}
	e.Data.UserID = uuid.New() // somebody whose account is gone
	n.want(t, e)
	if got := b.deliveries(t, b.user); len(got) > 0 {
		t.Errorf("got %v, want no deliveries", got)
	}
}

func TestReceiveWithoutDatabaseIsRetried(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	b.addChannel(t, h.channel())
	n := b.start(t, testTiming)
	b.exec(t, `ALTER TABLE deliveries RENAME TO away`)
	e := b.reminder(t, b.user, "x")
	if got := n.post(t, e); got != "RETRY" {
		t.Errorf("got verdict %s, want RETRY", got)
	}
	b.exec(t, `ALTER TABLE away RENAME TO deliveries`)
	n.want(t, e)
	if d := b.settled(t, b.user, 1, postgres.DeliverySent)[0]; d.EventID != e.ID {
		t.Errorf("got %+v", d)
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, status(500))
	b.addChannel(t, h.channel())
	screen := newBrowser(t, func(int) int { return 500 })
	b.addChannel(t, screen.channel())
	closed := h.channel()
	closed.URL = "http://127.0.0.1:1/hook?key=topsecret"
	b.addChannel(t, closed)
	log := &logged{}
	b.startLogging(t, testTiming, log, withPush(t)).want(t, b.reminder(t, b.user, "x"))
	b.settled(t, b.user, 3, postgres.DeliveryGivenUp)
	text := log.String()
	if strings.Count(text, "delivery not sent") != 9 || strings.Contains(text, "topsecret") || strings.Contains(text, "whsec_") {
		t.Errorf("want 9 failed attempts and no secret in the log:\n%s", text)
	}
}

// The user's row is locked, by a large import or by a machine that was lost in the middle of a change.
func TestReminderOfALockedUserIsTaken(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	b.addChannel(t, h.channel())
	n := b.start(t, testTiming)
	b.tx(t, func(tx pgx.Tx) error {
		if _, err := postgres.LockUser(t.Context(), tx, b.user); err != nil {
			return err
		}
		n.want(t, b.reminder(t, b.user, "x"))
		b.settled(t, b.user, 1, postgres.DeliverySent)
		return nil
	})
}
