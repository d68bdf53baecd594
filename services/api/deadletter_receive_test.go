package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// deliverDeadLetter delivers a message of the dead letter topic like the sidecar. It returns the
// status that api answers.
func (ta *testAPI) deliverDeadLetter(t *testing.T, raw []byte) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": uuid.NewString(), "source": "Dapr", "type": "com.dapr.event.sent", "topic": event.TopicDeadLetters,
		"pubsubname": "kafka-pubsub", "datacontenttype": "application/octet-stream", "data_base64": raw,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := ta.send(t, "POST", "/events/dead-letters", string(body), header("Dapr-Api-Token", ta.cfg.AppAPIToken)).want(t, 200)
	return decoded[struct{ Status string }](t, r).Status
}

func (ta *testAPI) receiveDeadLetter(t *testing.T, raw []byte) {
	t.Helper()
	if got := ta.deliverDeadLetter(t, raw); got != "SUCCESS" {
		t.Fatalf("got %s for a dead letter, want SUCCESS", got)
	}
}

// dead returns an event of the person in which one field of data has another value, so that no
// consumer can read it.
func (p person) dead(t *testing.T, eventType, field string, value any) (raw []byte, id uuid.UUID) {
	t.Helper()
	e := event.New(eventType, p.ID, task.Task{ID: uuid.New(), Title: "poison"}, p.now())
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var envelope map[string]any
	if err := json.Unmarshal(raw, &envelope); err != nil {
		t.Fatal(err)
	}
	envelope["data"].(map[string]any)[field] = value
	if raw, err = json.Marshal(envelope); err != nil {
		t.Fatal(err)
	}
	return raw, e.ID
}

// box runs a subcommand and returns its output.
func (ta *testAPI) box(t *testing.T, command func(deadLetterBox) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := command(deadLetterBox{db: ta.db, now: ta.now, out: &out}); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return out.String()
}

func (ta *testAPI) listDeadLetters(t *testing.T, all bool) string {
	t.Helper()
	return ta.box(t, func(b deadLetterBox) error { return b.list(t.Context(), all) })
}

func TestDeadLettersAreListed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	raw, id := p.dead(t, event.TaskCompleted, "revision", "ten")
	refused, refusedID := p.dead(t, event.ReminderDue, "more", true)
	a.receiveDeadLetter(t, raw)
	a.advance(time.Hour)
	a.receiveDeadLetter(t, raw)
	a.receiveDeadLetter(t, refused)
	a.advance(time.Minute)
	a.receiveDeadLetter(t, []byte("\x00\x1b[2Jnot JSON \xff"))

	lines := strings.Split(a.listDeadLetters(t, false), "\n")
	if len(lines) != 6 {
		t.Fatalf("list prints %q", lines)
	}
	for i, want := range [][]string{
		{"WHY"},
		{"2026-03-02T10:00:00Z  2026-03-02T11:00:00Z  2 ", "task-events", "recurring", "task.completed", id.String(), "waiting", "decode event: ", "revision"},
		{"2026-03-02T11:00:00Z  2026-03-02T11:00:00Z  1 ", "reminders", "notifier", "reminder.due", refusedID.String(), "the consumer's log names the cause"},
		{"?            ?          ?               ?  ", "decode event: invalid character"},
		{"3 dead letters"},
	} {
		for _, part := range want {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d is %q, want %q in it", i, lines[i], part)
			}
		}
	}
	for _, id := range []uuid.UUID{id, refusedID} {
		shown := a.box(t, func(b deadLetterBox) error { return b.show(t.Context(), id) })
		if !strings.Contains(shown, `"id": "`+id.String()) || !strings.Contains(shown, "poison") {
			t.Errorf("show prints %s", shown)
		}
	}
}

func TestDeadLetterIsShownWithoutEffectOnTheTerminal(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	id := uuid.New()
	event := map[string]string{"id": id.String(), "type": "ü\u009b2J", "title": "\U000e0001\u202e"}
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	a.receiveDeadLetter(t, raw)
	shown := a.box(t, func(b deadLetterBox) error { return b.show(t.Context(), id) })
	var got map[string]string
	if err := json.Unmarshal([]byte(shown), &got); err != nil || !maps.Equal(got, event) {
		t.Errorf("the shown event reads as %v (%v), want %v", got, err, event)
	}
	for _, text := range []string{shown, a.listDeadLetters(t, false)} {
		if strings.ContainsAny(text, "\u009b\U000e0001\u202e") || !strings.Contains(text, "ü") {
			t.Errorf("printed is %q", text)
		}
	}
}

func TestDeadLetterIsReplayed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	settle := func(ids []uuid.UUID, dryRun bool, how settlement) string {
		t.Helper()
		return a.box(t, func(b deadLetterBox) error { return b.settle(t.Context(), ids, dryRun, how) })
	}
	waiting := func(id any) int {
		t.Helper()
		return a.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL AND id = $1`, id)
	}
	p.newTask(t, object{"title": "kept"})
	published := p.events(t)
	stored, update := published[0], published[1]
	a.exec(t, `UPDATE outbox SET published_at = created_at`)
	kept, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	gone, goneID := p.dead(t, event.TaskCompleted, "revision", "ten")
	a.receiveDeadLetter(t, kept)
	a.receiveDeadLetter(t, gone)

	if got := settle(nil, true, replaying); got != "2 of 2 dead letters would be published again\n" {
		t.Errorf("a dry run prints %q", got)
	}
	if waiting(stored.ID)+waiting(goneID) != 0 {
		t.Error("a dry run has published")
	}
	if got := settle(nil, false, replaying); got != "2 of 2 dead letters will be published again by a running api\n" {
		t.Errorf("replaying prints %q", got)
	}
	if waiting(stored.ID) != 1 || waiting(goneID) != 1 {
		t.Errorf("%d stored and %d other events are unpublished, want 1 of each", waiting(stored.ID), waiting(goneID))
	}
	var raw []byte
	err = a.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT event FROM outbox WHERE id = $1`, goneID).Scan(&raw)
	})
	if err != nil || !bytes.Equal(raw, gone) {
		t.Errorf("published would be %s (%v), want %s", raw, err, gone)
	}
	if got := a.listDeadLetters(t, false); got != "0 dead letters\n" {
		t.Errorf("after the replay these are waiting:\n%s", got)
	}
	if got := a.listDeadLetters(t, true); strings.Count(got, " replayed ") != 2 {
		t.Errorf("list -all prints\n%s", got)
	}

	// A change for clients can be published again too, while the outbox keeps it.
	raw, err = json.Marshal(update)
	if err != nil || update.Type != event.TaskChanged {
		t.Fatalf("got %+v, %v; want task.changed", update, err)
	}
	a.receiveDeadLetter(t, raw)
	for _, dryRun := range []bool{true, false} {
		if got := settle([]uuid.UUID{update.ID}, dryRun, replaying); !strings.HasPrefix(got, "1 of 1 ") {
			t.Errorf("replaying a change for clients prints %q", got)
		}
	}

	// The consumer fails again. The dead letter waits again, and can be replayed or discarded.
	a.exec(t, `UPDATE outbox SET published_at = created_at`)
	a.receiveDeadLetter(t, gone)
	if got := settle([]uuid.UUID{goneID}, false, replaying); waiting(goneID) != 1 {
		t.Errorf("after a second replay %d events are unpublished: %s", waiting(goneID), got)
	}
	a.receiveDeadLetter(t, gone)
	settle([]uuid.UUID{goneID}, false, discarding)
	if got := a.listDeadLetters(t, true); !strings.Contains(got, " discarded ") {
		t.Errorf("list -all prints\n%s", got)
	}
}

func TestDeadLettersThatCannotBeReplayed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	update, _ := p.dead(t, event.TaskChanged, "revision", "ten")
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"not JSON":      {[]byte("\xff\x00"), "not a JSON object"},
		"a list":        {[]byte(`[{}]`), "not a JSON object"},
		"two objects":   {[]byte(`{}{}`), "not a JSON object"},
		"of no topic":   {[]byte(`{"type": "x"}`), "which topic"},
		"a client's":    {update, "from the database"},
		"odd types":     {[]byte(`{"id": 7, "type": [], "topic": {}, "data": "x", "traceparent": 5}`), "which topic"},
		"a NUL in text": {[]byte(`{"type": "a\u0000b", "topic": "\u0000"}`), "which topic"},
	} {
		a.receiveDeadLetter(t, c.raw)
		var out bytes.Buffer
		b := deadLetterBox{db: a.db, now: a.now, out: &out}
		for _, dryRun := range []bool{true, false} {
			out.Reset()
			if err := b.settle(t.Context(), nil, dryRun, replaying); err == nil || !strings.Contains(out.String(), c.want) {
				t.Errorf("%s: got %v and %q, want %q", name, err, out.String(), c.want)
			}
		}
		if n := a.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL`); n != 0 {
			t.Errorf("%s: %d events are to be published", name, n)
		}
		if err := b.settle(t.Context(), nil, false, discarding); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeadLetterOfADeletedAccountIsDropped(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	raw, _ := p.dead(t, event.TaskCompleted, "revision", "ten")
	p.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)
	a.receiveDeadLetter(t, raw)
	if n := a.count(t, `SELECT count(*) FROM dead_letters`); n != 0 {
		t.Errorf("%d dead letters of a deleted account are kept", n)
	}
}

func TestTooManyDeadLettersStayInTheTopic(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.exec(t, `INSERT INTO dead_letters (id, reason, raw, first_at, last_at)
		SELECT gen_random_uuid(), '', '', now(), now() FROM generate_series(1, $1::int)`, maxDeadLetters)
	if got := a.deliverDeadLetter(t, []byte("one more")); got != "RETRY" {
		t.Errorf("got %s, want RETRY", got)
	}
	a.exec(t, `UPDATE dead_letters SET state = $1, settled_at = now()`, postgres.DeadLetterDiscarded)
	a.receiveDeadLetter(t, []byte("one more"))
}

func TestDeadLetterArguments(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	id := uuid.NewString()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "DATABASE_URL is required"},
		{[]string{"-all"}, "DATABASE_URL is required"},
		{[]string{"list"}, "DATABASE_URL is required"},
		{[]string{"show", id}, "DATABASE_URL is required"},
		{[]string{"replay", "-dry-run", "-all"}, "DATABASE_URL is required"},
		{[]string{"discard", id, id}, "DATABASE_URL is required"},
		{[]string{"list", id}, "usage:"},
		{[]string{"show"}, "usage:"},
		{[]string{"replay"}, "usage:"},
		{[]string{"replay", "-all", id}, "usage:"},
		{[]string{"resurrect"}, "usage:"},
		{[]string{"replay", id, "-dry-run"}, "flags stand before ids"},
		{[]string{"show", "seven"}, `"seven" is not the id`},
	} {
		if err := deadLettersCommand(t.Context(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("dead-letters %q: got error %v, want %q", c.args, err, c.want)
		}
	}
}
