package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
)

// No column of the table has the name of a title. A preview shows a guess, and the import needs a
// mapping, because a wrong guess would make wrong tasks.
func TestTableWithUnknownNames(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const table = "What,When it hurts\nDentist,2031-01-05\n"
	send := func(query string) reply { return p.send(t, "POST", "/api/v1/import"+query, table, asType("text/csv")) }

	preview := decoded[apiv1.ImportResult](t, send("?dry_run=true").want(t, 200))
	want := []apiv1.ImportColumn{{Name: "What", Field: "title", Sample: "Dentist"}, {Name: "When it hurts", Field: "notes", Sample: "2031-01-05"}}
	if diff := cmp.Diff(want, preview.Columns); diff != "" || preview.Created != 1 {
		t.Errorf("the preview would create %d tasks; columns (-want +got):\n%s", preview.Created, diff)
	}
	if refused := send("").wantProblem(t, 422, "invalid"); !strings.Contains(string(refused.Body), "preview the file") {
		t.Errorf("got %s, want the way out", refused.Body)
	}
	if n := len(p.allTasks(t)); n != 0 {
		t.Errorf("the refused import made %d tasks", n)
	}
	send("?mapping=title,due").want(t, 200)
	tasks := p.allTasks(t)
	for _, made := range tasks {
		if made.DueOn == nil || !made.DueOn.Midnight().Equal(time.Date(2031, 1, 5, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("got %+v, want it due on 2031-01-05", made)
		}
	}
	if len(tasks) != 1 {
		t.Errorf("got %d tasks, want 1", len(tasks))
	}
}
