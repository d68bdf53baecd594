package main

import (
	"bytes"
	"net/http"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// TestImportIsIdempotent repeats a request with its Idempotency-Key and gets the same answer.
func TestImportIsIdempotent(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	given, _ := randomExport(t, 3, 5)
	key := header("Idempotency-Key", "import-1")
	first := p.send(t, "POST", "/api/v1/import", given, key).want(t, 200)
	again := p.send(t, "POST", "/api/v1/import", given, key).want(t, 200)
	if !bytes.Equal(first.Body, again.Body) || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %s and then %s, want the same", first.Body, again.Body)
	}
	p.send(t, "POST", "/api/v1/import", `{"version": 1, "tasks": []}`, key).wantProblem(t, 409, "conflict")
}

// TestImportRecognisesEntriesWithoutID imports files in JSON and iCalendar twice whose entries have
// no id.
func TestImportRecognisesEntriesWithoutID(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	calendar, err := os.ReadFile("../../internal/importer/ical/testdata/thunderbird.ics")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body string
		options    []func(*http.Request)
		first      apiv1.ImportCounts
	}{
		{"JSON", `{"version": 1, "tasks": [{"title": "a"}, {"title": "b"}, {"title": "a"}]}`, nil, apiv1.ImportCounts{Created: 2, Skipped: 1}},
		{"iCalendar", string(calendar), []func(*http.Request){asCalendar()}, apiv1.ImportCounts{Created: 4}},
	} {
		for _, want := range []apiv1.ImportCounts{tt.first, {Skipped: tt.first.Created + tt.first.Skipped}} {
			if got := decoded[apiv1.ImportCounts](t, p.send(t, "POST", "/api/v1/import", tt.body, tt.options...).want(t, 200)); got != want {
				t.Errorf("%s: got %+v, want %+v", tt.name, got, want)
			}
		}
	}
	for _, x := range p.allTasks(t) {
		if x.Title == "Back up the laptop" && x.Recurrence != nil && x.ID.String() != "a7b8c9d0-1111-4222-8333-444455556666" {
			t.Errorf("got id %s, want the UID of the file", x.ID)
		}
	}
}

// TestImportBesideAnother imports a task while another user stores the same one. The second user
// waits, and gets another id.
func TestImportBesideAnother(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	first, second := a.newPerson(t), a.newPerson(t)
	file, tasks := randomExport(t, 1, 2)
	got := make(chan reply, 1)
	err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if err := postgres.InsertTasks(t.Context(), tx, first.ID, tasks[:1]); err != nil {
			return err
		}
		go func() { got <- second.send(t, "POST", "/api/v1/import", file) }()
		return postgrestest.AwaitWaiter(t.Context(), tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if counts, want := decoded[apiv1.ImportCounts](t, (<-got).want(t, 200)), (apiv1.ImportCounts{Created: 2}); counts != want {
		t.Errorf("got %+v, want %+v", counts, want)
	}
	theirs := second.allTasks(t)
	if _, same := theirs[tasks[0].ID]; same || len(theirs) != 2 {
		t.Errorf("the second has %v, want two tasks with ids of their own", theirs)
	}
	if got := second.revision(t); got != 2 {
		t.Errorf("the second has revision %d, want 2", got)
	}
	if got := first.allTasks(t); len(got) != 1 {
		t.Errorf("the first has %v, want one task", got)
	}
}

// TestImportBesideAnotherOrder imports tasks while another user stores the same ones in another
// order. PostgreSQL ends one of the two transactions, and either may be the one.
func TestImportBesideAnotherOrder(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	first, second := a.newPerson(t), a.newPerson(t)
	file, tasks := randomExport(t, 1, 2)
	got := make(chan reply, 1)
	err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if err := postgres.InsertTasks(t.Context(), tx, first.ID, tasks[1:]); err != nil {
			return err
		}
		go func() { got <- second.send(t, "POST", "/api/v1/import", file) }()
		if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
			return err
		}
		err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
			return postgres.InsertTasks(t.Context(), tx, first.ID, tasks[:1])
		})
		if task.ErrorCode(err) == task.CodeConflict {
			return nil // it was this one
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if counts, want := decoded[apiv1.ImportCounts](t, (<-got).want(t, 200)), (apiv1.ImportCounts{Created: 2}); counts != want {
		t.Errorf("got %+v, want %+v", counts, want)
	}
}

// TestImportOfAnImport lets two users import each other's copies of a task. Each gets a copy once, although
// the id that is derived first belongs to the other one.
func TestImportOfAnImport(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	ada, bob := a.newPerson(t), a.newPerson(t)
	export := func(p person) string { return string(p.send(t, "GET", "/api/v1/export", nil).want(t, 200).Body) }
	created := func(p person, file string) int {
		t.Helper()
		return decoded[apiv1.ImportCounts](t, p.send(t, "POST", "/api/v1/import", file).want(t, 200)).Created
	}
	ada.newTask(t, object{"title": "Water the plants", "due_at": testStart, "recurrence": object{"rrule": "daily"}})
	first := export(ada)
	if n := created(bob, first); n != 1 {
		t.Fatalf("bob's import created %d tasks, want 1", n)
	}
	second := export(bob)
	for id := range bob.allTasks(t) {
		bob.send(t, "DELETE", taskPath(id), nil).want(t, 204)
	}
	if n := created(ada, second); n != 1 {
		t.Fatalf("ada's import of bob's copy created %d tasks, want 1", n)
	}
	for i, want := range []int{1, 0} { // ada has the id of bob's copy now
		if n := created(bob, first); n != want {
			t.Errorf("import %d of bob created %d tasks, want %d", i+2, n, want)
		}
	}
	series := map[string]bool{}
	for _, p := range []person{ada, bob} {
		for _, one := range p.allTasks(t) {
			series[one.SeriesID.String()] = true
		}
	}
	if len(series) != 3 {
		t.Errorf("got %d series, want one for each of the three tasks", len(series))
	}
}

// TestImportedSeriesGoesOn imports a series of another account. It is a separate series, and
// completing an occurrence of one does not affect the other.
func TestImportedSeriesGoesOn(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	owner, other := a.newPerson(t), a.newPerson(t)
	x := owner.newTask(t, object{"title": "Water the plants", "due_at": testStart, "recurrence": object{"rrule": "daily"}})
	file := owner.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	owner.send(t, "DELETE", taskPath(x.ID), nil).want(t, 204)
	// The owner's series goes on in a task that is not in the file.
	next, _, err := task.NextTask(x, testStart)
	if err != nil {
		t.Fatal(err)
	}
	owner.send(t, "POST", "/api/v1/import", exportOf(t, next)).want(t, 200)

	other.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	for _, copied := range other.allTasks(t) {
		following, ok, err := task.NextTask(copied, testStart)
		if err != nil || !ok || following.ID == next.ID {
			t.Errorf("got %s after %s, error %v; want an id other than that of the owner's task", following.ID, copied.ID, err)
		}
	}
}
