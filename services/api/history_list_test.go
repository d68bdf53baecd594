package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/history"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// historyOf returns the whole history of a task, one line per entry. It reads pages of limit
// entries.
func (p person) historyOf(t *testing.T, id uuid.UUID, limit int) []string {
	t.Helper()
	var lines []string
	cursor := ""
	for {
		got := decoded[apiv1.Page[apiv1.HistoryItem]](t, p.send(t, "GET", taskPath(id, fmt.Sprintf("/history?limit=%d&cursor=%s", limit, cursor)), nil).want(t, 200))
		for _, item := range got.Items {
			line := fmt.Sprint(item.Number, " ", item.Type)
			for _, c := range item.Changes {
				line += fmt.Sprintf(" %s: %s -> %s", c.Field, c.Old, c.New)
			}
			for _, at := range []*time.Time{item.Until, item.RemindedAt} {
				if at != nil {
					line += " " + at.Format(time.RFC3339)
				}
			}
			lines = append(lines, line)
		}
		if cursor = got.NextCursor; cursor == "" {
			return lines
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	x := p.newTask(t, object{"title": "Water the plants", "due_at": testStart.Add(time.Hour), "recurrence": object{"rrule": "daily"}})
	p.send(t, "PATCH", taskPath(x.ID), object{"title": "Water all plants", "tags": []string{"home"}}).want(t, 200)
	p.send(t, "PATCH", taskPath(x.ID), object{"title": "Water all plants"}).want(t, 200) // no change
	a.advance(45 * time.Minute)
	if err := a.reminders.Fire(t.Context(), x.ID, 0); err != nil {
		t.Fatal(err)
	}
	p.send(t, "POST", taskPath(x.ID, "/snooze"), object{"minutes": 30}).want(t, 200)
	p.send(t, "POST", taskPath(x.ID, "/complete"), nil).want(t, 200)
	p.send(t, "POST", taskPath(x.ID, "/reopen"), nil).want(t, 200)
	done := decoded[task.Task](t, p.send(t, "PATCH", taskPath(x.ID), object{"completed": true, "priority": "low"}).want(t, 200))
	next, _, err := task.NextTask(done, *a.clock.Load())
	if err != nil {
		t.Fatal(err)
	}
	following := object{"user_id": p.ID, "previous_id": x.ID, "completed_revision": done.Revision, "task": next}
	for _, status := range []int{201, 200} {
		a.send(t, "POST", "/internal/occurrences", following, header("Dapr-Api-Token", a.cfg.AppAPIToken)).want(t, status)
	}

	want := []string{
		"8 followed",
		"7 completed",
		`6 changed priority: "none" -> "low"`,
		"5 reopened",
		"4 completed",
		"3 snoozed 2026-03-02T11:15:00Z",
		"2 reminded 2026-03-02T10:45:00Z",
		`1 changed tags: [] -> ["home"] title: "Water the plants" -> "Water all plants"`,
		"0 created",
	}
	for _, limit := range []int{1, 4, 9, 50} {
		if got := p.historyOf(t, x.ID, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: got %q\nwant %q", limit, got, want)
		}
	}
	items := decoded[apiv1.Page[apiv1.HistoryItem]](t, p.send(t, "GET", taskPath(x.ID, "/history"), nil)).Items
	if got := items[0].NextTaskID; got == nil || *got != next.ID {
		t.Errorf("got next task %v, want %s", got, next.ID)
	}
	if at := items[len(items)-1].At; !at.Equal(testStart) {
		t.Errorf("created at %s, want %s", at, testStart)
	}
	if got := p.historyOf(t, next.ID, 50); !slices.Equal(got, []string{"0 created"}) {
		t.Errorf("the next occurrence has the history %q", got)
	}

	// An export can contain the history, and an import ignores it.
	file := p.send(t, "GET", "/api/v1/export?history=true", nil).want(t, 200)
	exported := decoded[struct {
		History []apiv1.ExportedHistory `json:"history"`
	}](t, file).History
	if len(exported) != len(want)-1 {
		t.Fatalf("got %+v in the export, want %d entries", exported, len(want)-1)
	}
	if exported[0].TaskID != x.ID || exported[0].Number != 1 {
		t.Errorf("the export begins with %+v, want number 1 of %s", exported[0], x.ID)
	}
	if got := exported[7].NextTaskID; got == nil || *got != next.ID {
		t.Errorf("got next task %v in the export, want %s", got, next.ID)
	}
	if got := string(p.send(t, "GET", "/api/v1/export", nil).want(t, 200).Body); strings.Contains(got, "history") {
		t.Errorf("an export without history=true has a history: %s", got)
	}
	p.send(t, "GET", "/api/v1/export?history=true&format=ics", nil).wantProblem(t, 422, "invalid")
	got := decoded[apiv1.ImportResult](t, p.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200))
	if got.Skipped != 2 || len(got.Notes) != 1 {
		t.Errorf("importing it: got %+v, want 2 skipped and a note", got)
	}

	// The history outlives the events, and is deleted with the task.
	a.exec(t, `DELETE FROM outbox`)
	if got := p.historyOf(t, x.ID, 50); !slices.Equal(got, want) {
		t.Errorf("without events: got %q", got)
	}
	p.send(t, "DELETE", taskPath(x.ID), nil).want(t, 204)
	p.send(t, "GET", taskPath(x.ID, "/history"), nil).wantProblem(t, 404, "not_found")
	if n := a.count(t, `SELECT count(*) FROM task_history`); n != 0 {
		t.Errorf("a deleted task still has %d history entries", n)
	}
}

// TestHistoryIsBounded shows that a task keeps only its newest history entries.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	x := p.newTask(t, object{"title": "x"})
	const more = 7
	entries := make([]history.Entry, postgres.MaxHistory+more)
	for i := range entries {
		entries[i] = history.Entry{Type: history.Changed, At: testStart, Detail: history.Detail{
			Changes: []history.Change{{Field: "title", Old: json.RawMessage(`"a"`), New: json.RawMessage(`"b"`)}}}}
	}
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := postgres.LockUser(t.Context(), tx, p.ID); err != nil {
			return err
		}
		return errors.Join(postgres.AppendHistory(t.Context(), tx, p.ID, x.ID, entries...),
			postgres.AppendHistory(t.Context(), tx, p.ID, uuid.New(), entries[0]),
			postgres.AppendHistory(t.Context(), tx, uuid.New(), x.ID, entries[0]))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := p.historyOf(t, x.ID, 200)
	if len(got) != postgres.MaxHistory+1 || got[0][:4] != "507 " || got[postgres.MaxHistory-1][:2] != "8 " {
		t.Errorf("got %d entries from %q to %q", len(got), got[0], got[len(got)-2])
	}
}
