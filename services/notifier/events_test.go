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
	"taskmaster/internal/testkit"
)

func TestDuplicateIsOneDelivery(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	f.addChannel(t, h.channel())
	replicas := []*harness{f.start(t, testTiming), f.start(t, testTiming)}
	e := f.reminder(t, f.user, "x")
	var g sync.WaitGroup
	for i := range 16 {
		g.Go(func() {
			if got := replicas[i%2].post(t, e); got != "SUCCESS" {
				t.Errorf("got verdict %s", got)
			}
		})
	}
	g.Wait()
	// The next event in the queue shows that nothing else was before it.
	last := f.reminder(t, f.user, "last")
	replicas[0].want(t, last)
	f.settled(t, f.user, 2, postgres.DeliverySent)
	replicas[1].want(t, e)
	if got := len(f.deliveries(t, f.user)); got != 2 || len(h.received()) != 2 {
		t.Errorf("got %d deliveries and %d messages, want 2: one for each event", got, len(h.received()))
	}
}

// TestReminderBesideDeletion delivers a reminder during the deletion of the account. The two do not
// deadlock.
func TestReminderBesideDeletion(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	f.addChannel(t, h.channel())
	n, e := f.start(t, testTiming), f.reminder(t, f.user, "x")
	got := make(chan string, 1)
	f.tx(t, func(tx pgx.Tx) error {
		if _, err := postgres.LockUserToDelete(t.Context(), tx, f.user); err != nil {
			return err
		}
		go func() { got <- n.post(t, e) }()
		if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
			return err
		}
		return postgres.DeleteUser(t.Context(), tx, f.user)
	})
	if verdict := <-got; verdict != "RETRY" {
		t.Errorf("got verdict %s", verdict)
	}
	n.want(t, e) // no user is left to notify
	if len(h.received()) > 0 {
		t.Error("a deleted user was notified")
	}
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	const users, events = 4, 25
	f, h, log := newFixture(t), newHook(t, nil), &testkit.LogBuffer{}
	// There are far more concurrent attempts than connections.
	few := func(c *config) { c.DatabaseConns = 2 }
	patient := testTiming
	patient.mark, patient.rescue = 2*patience, 3*patience
	replicas := []*harness{f.startLogging(t, patient, log, few), f.startLogging(t, patient, log, few)}
	var ids []uuid.UUID
	for range users {
		id := f.newUser(t)
		c := h.channel()
		c.UserID = id
		f.addChannel(t, c)
		c.URL += "&second"
		f.addChannel(t, c)
		ids = append(ids, id)
	}
	var g sync.WaitGroup
	for _, id := range ids {
		g.Go(func() {
			for i := range events {
				if got := replicas[i%2].post(t, f.reminder(t, id, strconv.Itoa(i))); got != "SUCCESS" {
					t.Errorf("got verdict %s", got)
				}
			}
		})
	}
	g.Wait()
	want := map[string]int{}
	for _, id := range ids {
		for _, d := range f.settledWithin(t, snoozePatience, id, 2*events, postgres.DeliverySent) {
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
		t.Errorf("got warnings in the log, want none:\n%s", text)
	}
}

func TestOnlyEnabledChannelsOfTheOwner(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	n := f.start(t, testTiming)
	n.want(t, f.reminder(t, f.user, "nobody listens"))

	stranger := h.channel()
	stranger.UserID = f.newUser(t)
	f.addChannel(t, stranger)
	mine := f.addChannel(t, h.channel())
	n.want(t, f.reminder(t, f.user, "x"))
	d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]
	if *d.ChannelID != mine.ID || len(f.deliveries(t, stranger.UserID)) != 0 {
		t.Errorf("got %+v, want one delivery to the owner's channel %s", d, mine.ID)
	}
}

// The reminders of an account far over its quota would take more room. It gets them when it has room.
func TestFullAccountGetsNoDeliveries(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	n := f.start(t, testTiming, func(c *config) { c.QuotaBytes = 8000 })
	f.addChannel(t, h.channel())
	n.want(t, f.reminder(t, f.user, "with room"))
	f.settled(t, f.user, 1, postgres.DeliverySent)
	f.exec(t, `INSERT INTO usage SELECT id, 'test', 9000 FROM users`)
	n.want(t, f.reminder(t, f.user, "without room"))
	if got := f.deliveries(t, f.user); len(got) != 1 {
		t.Errorf("got %d deliveries, want those with room: 1", len(got))
	}
}

func TestOtherEventsAreTaken(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	f.addChannel(t, h.channel())
	n := f.start(t, testTiming)
	e := f.reminder(t, f.user, "x")
	for _, kind := range []string{event.TaskCreated, "reminder.due.v2"} {
		e.ID, e.Type = uuid.New(), kind
		n.want(t, e)
	}
	e.ID, e.Type, e.Data.UserID = uuid.New(), event.ReminderDue, uuid.Nil
	if got := n.post(t, e); got != "DROP" {
		t.Errorf("got verdict %s for an event without a user, want DROP", got)
	}
	e.Data.UserID = uuid.New() // a deleted user
	n.want(t, e)
	if got := f.deliveries(t, f.user); len(got) > 0 {
		t.Errorf("got %v, want no deliveries", got)
	}
}

func TestReceiveWithoutDatabaseIsRetried(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	f.addChannel(t, h.channel())
	n := f.start(t, testTiming)
	f.exec(t, `ALTER TABLE deliveries RENAME TO away`)
	e := f.reminder(t, f.user, "x")
	if got := n.post(t, e); got != "RETRY" {
		t.Errorf("got verdict %s, want RETRY", got)
	}
	f.exec(t, `ALTER TABLE away RENAME TO deliveries`)
	n.want(t, e)
	if d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]; d.EventID != e.ID {
		t.Errorf("got %+v", d)
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, status(500))
	f.addChannel(t, h.channel())
	screen := newBrowser(t, func(int) int { return 500 })
	f.addChannel(t, screen.channel())
	closed := h.channel()
	closed.URL = "http://127.0.0.1:1/hook?key=topsecret"
	f.addChannel(t, closed)
	log := &testkit.LogBuffer{}
	f.startLogging(t, testTiming, log, withPush(t)).want(t, f.reminder(t, f.user, "x"))
	f.settled(t, f.user, 3, postgres.DeliveryGivenUp)
	text := log.String()
	if strings.Count(text, "delivery not sent") != 9 || strings.Contains(text, "topsecret") || strings.Contains(text, "whsec_") {
		t.Errorf("want 9 failed attempts and no secret in the log:\n%s", text)
	}
}

// The user's row is locked by a large import, or by a machine that was lost during a change.
func TestReminderOfALockedUserIsTaken(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	f.addChannel(t, h.channel())
	n := f.start(t, testTiming)
	f.tx(t, func(tx pgx.Tx) error {
		if _, err := postgres.LockUser(t.Context(), tx, f.user); err != nil {
			return err
		}
		n.want(t, f.reminder(t, f.user, "x"))
		f.settled(t, f.user, 1, postgres.DeliverySent)
		return nil
	})
}

// TestOneDeliveryPerURL sends one message to a URL that many channels have.
func TestOneDeliveryPerURL(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	for range 19 {
		f.addChannel(t, h.channel())
	}
	other := h.channel()
	other.URL += "&other"
	f.addChannel(t, other)
	n := f.start(t, testTiming)
	n.want(t, f.reminder(t, f.user, "x"))
	f.settled(t, f.user, 2, postgres.DeliverySent)
	if got := len(h.received()); got != 2 {
		t.Errorf("got %d messages, want one for each URL", got)
	}
}

// TestDeliveriesOfAnHourAreBounded sends more reminders than an account may have in an hour. Another
// account gets its own.
func TestDeliveriesOfAnHourAreBounded(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	other := f.newUser(t)
	for _, user := range []uuid.UUID{f.user, other} {
		for _, c := range []postgres.Channel{h.channel(), h.channel()} {
			c.UserID, c.URL = user, c.URL+"&"+uuid.NewString()
			f.addChannel(t, c)
		}
	}
	n := f.start(t, testTiming, func(c *config) { c.DeliveriesPerHour = 3 })
	for i := range 3 {
		n.want(t, f.reminder(t, f.user, strconv.Itoa(i)))
	}
	n.want(t, f.reminder(t, other, "x"))
	f.settled(t, f.user, 3, postgres.DeliverySent)
	f.settled(t, other, 2, postgres.DeliverySent)
}
