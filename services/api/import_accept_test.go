package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
	"taskmaster/internal/task/tasktest"
)

func asCalendar() func(r *http.Request) {
	return header("Content-Type", "text/calendar; charset=utf-8")
}

// allTasks returns the person's tasks in the database by id.
func (p person) allTasks(t *testing.T) map[uuid.UUID]task.Task {
	t.Helper()
	all := map[uuid.UUID]task.Task{}
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		ids, err := postgres.TaskIDs(t.Context(), tx, p.ID)
		if err != nil {
			return err
		}
		tasks, err := postgres.TasksByIDs(t.Context(), tx, p.ID, ids)
		for _, x := range tasks {
			all[x.ID] = x
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (p person) revision(t *testing.T) int64 {
	t.Helper()
	return decoded[apiv1.User](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200)).Revision
}

// randomExport returns an export of n random tasks.
func randomExport(t *testing.T, seed uint64, n int) (string, []task.Task) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, seed))
	var tasks []task.Task
	for range n {
		x := tasktest.Random(r)
		if x.DueOn != nil {
			x.TimeZone = "UTC" // a whole day has the zone of its account
		}
		tasks = append(tasks, x)
	}
	return exportOf(t, tasks...), tasks
}

func exportOf(t *testing.T, tasks ...task.Task) string {
	t.Helper()
	raw, err := json.Marshal(object{"version": 1, "exported_at": testStart, "tasks": tasks})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestExportImportRoundTrip exports random tasks in both formats. It imports them into the same
// account, into another account, and into the same account after the tasks were deleted.
func TestExportImportRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "ics"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t)
			owner, other := a.newPerson(t), a.newPerson(t)
			given, tasks := randomExport(t, 1, 600)
			owner.send(t, "POST", "/api/v1/import", given).want(t, 200)
			before := owner.allTasks(t)
			for _, want := range tasks {
				got := before[want.ID]
				want.Revision, want.UpdatedAt = got.Revision, got.UpdatedAt
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("imported\n%+v, got\n%+v", want, got)
				}
			}

			file := owner.send(t, "GET", "/api/v1/export?format="+format, nil).want(t, 200)
			contentType := func(r *http.Request) { r.Header.Set("Content-Type", file.Header.Get("Content-Type")) }
			for range 2 {
				r := owner.send(t, "POST", "/api/v1/import", string(file.Body), contentType).want(t, 200)
				if got, want := decoded[apiv1.ImportCounts](t, r), (apiv1.ImportCounts{Skipped: len(tasks)}); got != want {
					t.Errorf("into the same account: got %+v, want %+v", got, want)
				}
			}
			if !reflect.DeepEqual(owner.allTasks(t), before) {
				t.Error("the import of existing tasks has changed them")
			}

			// Into another account, twice.
			for _, want := range []apiv1.ImportCounts{{Created: len(tasks)}, {Skipped: len(tasks)}} {
				r := other.send(t, "POST", "/api/v1/import", string(file.Body), contentType).want(t, 200)
				if got := decoded[apiv1.ImportCounts](t, r); got != want {
					t.Errorf("into another account: got %+v, want %+v", got, want)
				}
			}
			if !reflect.DeepEqual(owner.allTasks(t), before) {
				t.Error("the other account's import has changed the owner's tasks")
			}
			copies := other.allTasks(t)
			for id, want := range before {
				newID := uuid.NewSHA1(other.ID, []byte(id.String()))
				got := copies[newID]
				want.ID, want.UID, want.Revision, want.UpdatedAt = newID, id.String(), got.Revision, got.UpdatedAt
				if want.SeriesID != nil {
					want.SeriesID = new(uuid.NewSHA1(other.ID, []byte(want.SeriesID.String())))
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("copy of %s is\n%+v, want\n%+v", id, got, want)
				}
			}

			// An import restores deleted tasks unchanged.
			a.exec(t, `DELETE FROM tasks WHERE user_id = $1`, owner.ID)
			owner.send(t, "POST", "/api/v1/import", string(file.Body), contentType).want(t, 200)
			for id, got := range owner.allTasks(t) {
				want := before[id]
				want.Revision, want.UpdatedAt = got.Revision, got.UpdatedAt
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("restored\n%+v, want\n%+v", got, want)
				}
			}
		})
	}
}

// TestImportedTasksAreChanges shows that each imported task takes a revision and has its events and
// reminders. No occurrence follows a completed one.
func TestImportedTasksAreChanges(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.newTask(t, object{"title": "one that was there"})
	due := testStart.Add(24 * time.Hour)
	p.send(t, "POST", "/api/v1/import", object{"version": 1, "tasks": []object{
		{"title": "a", "due_at": due},
		{"title": "b", "due_at": testStart.Add(-time.Hour), "completed": true, "completed_at": testStart.Add(-time.Minute), "recurrence": object{"rrule": "daily"}},
		{"title": "c", "reminders": []any{}},
	}}).want(t, 200)
	if got := p.revision(t); got != 4 {
		t.Errorf("got revision %d, want 4", got)
	}
	var got []string
	for _, e := range p.events(t)[2:] {
		got = append(got, fmt.Sprint(e.Data.Revision, " ", e.Type, " ", e.Data.TaskData.Title))
	}
	want := []string{
		"2 " + event.TaskCreated + " a", "2 " + event.TaskChanged + " a", "3 " + event.TaskCreated + " b",
		"3 " + event.TaskChanged + " b", "4 " + event.TaskCreated + " c", "4 " + event.TaskChanged + " c",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(p.reminderTimes(t)), fmt.Sprint([]time.Time{due.Add(-15 * time.Minute)}); got != want {
		t.Errorf("got reminders at %s, want %s", got, want)
	}
	tasks := slices.Collect(maps.Values(p.allTasks(t)))
	i := slices.IndexFunc(tasks, func(x task.Task) bool { return x.Title == "b" })
	if b := tasks[i]; !b.CompletedAt.Equal(testStart.Add(-time.Minute)) || *b.SeriesID != b.ID || !b.Occurrence.Equal(*b.DueAt) {
		t.Errorf("got %+v, want its old completion time, and the first place in its series", b)
	}
}

// reminderTimes returns the instants of the person's pending reminders.
func (p person) reminderTimes(t *testing.T) []time.Time {
	t.Helper()
	var times []time.Time
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT fire_at AT TIME ZONE 'UTC' FROM reminders WHERE user_id = $1 AND state = 'pending' ORDER BY 1`, p.ID)
		if err != nil {
			return err
		}
		times, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}

// TestImportIsAllOrNothing imports bad files. The problem names entry and field, and nothing is
// added.
func TestImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	good := `{"title": "good"}`
	list := func(entries ...string) string {
		return `{"version": 1, "tasks": [` + strings.Join(entries, ", ") + `]}`
	}
	ics := func(lines ...string) string {
		return "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:good\nEND:VTODO\nBEGIN:VTODO\n" + strings.Join(lines, "\n") + "\nEND:VTODO\nEND:VCALENDAR\n"
	}
	tests := []struct {
		name, body string
		status     int
		want       []string // field: message
	}{
		{"a missing title", list(good, `{}`), 422, []string{"tasks[1].title: is required"}},
		{"several", list(`{"title": 5}`, good, `{"title": "x", "due_at": "soon"}`, `{"title": "x", "priority": "urgent", "time_zone": "Mars"}`), 422,
			[]string{"tasks[0].title: is a JSON number, which does not fit", "tasks[2].due_at: is not an RFC 3339", "tasks[3].priority: is not one of", "tasks[3].time_zone: is not an IANA"}},
		{"an unknown field", list(good, `{"title": "x", "colour": "red"}`), 422, []string{"tasks[1].colour: is not a known field"}},
		{"a bad recurrence", list(`{"title": "x", "due_at": "2026-03-01T00:00:00Z", "recurrence": {"rrule": "hourly"}}`), 422, []string{"tasks[0].recurrence.rrule: "}},
		{"an entry that is not a task", list(good, `"buy milk"`), 422, []string{"tasks[1]: is a JSON string, which does not fit"}},
		{"an instant out of range", list(`{"title": "x", "completed_at": "1492-10-12T00:00:00Z"}`), 422, []string{"tasks[0].completed_at: is not between"}},
		{"NUL", list(`{"title": "a\u0000b"}`), 422, []string{"tasks[0].title: contains a NUL"}},
		{"another version", `{"version": 2, "tasks": []}`, 422, []string{"version: is not 1"}},
		{"no version", `{"tasks": []}`, 422, []string{"version: is not 1"}},
		{"an unknown field around", `{"version": 1, "items": []}`, 422, []string{"items: is not a known field"}},
		{"too many", list(strings.Split(strings.Repeat("{},", maxImported)+"{}", ",")...), 422, nil},
		{"a list alone", `[{"title": "x"}]`, 400, nil},
		{"tasks that are no list", `{"version": 1, "tasks": {}}`, 400, nil},
		{"two files in one", list(good) + list(good), 400, nil},
		{"cut off", strings.TrimSuffix(list(good, good), "}"), 400, nil},
		{"nothing", "", 400, nil},
		{"not JSON", "title,due\nx,y", 400, nil},
		{"calendar: no tasks", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", 422, nil},
		{"calendar: cut off", strings.TrimSuffix(ics("SUMMARY:x"), "END:VCALENDAR\n"), 422, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			options := []func(*http.Request){}
			if strings.HasPrefix(tt.body, "BEGIN:") {
				options = append(options, asCalendar())
			}
			r := p.send(t, "POST", "/api/v1/import", tt.body, options...).want(t, tt.status)
			problem := decoded[struct{ Errors []task.FieldError }](t, r)
			for i, want := range tt.want {
				if i >= len(problem.Errors) || !strings.HasPrefix(problem.Errors[i].Field+": "+problem.Errors[i].Message, want) {
					t.Errorf("got %v, want %q as entry %d", problem.Errors, want, i)
				}
			}
			if len(tt.want) > 0 && len(problem.Errors) != len(tt.want) {
				t.Errorf("got %d errors, want %d: %v", len(problem.Errors), len(tt.want), problem.Errors)
			}
			if n, revision := len(p.allTasks(t)), p.revision(t); n != 0 || revision != 0 {
				t.Errorf("got %d tasks and revision %d, want none", n, revision)
			}
		})
	}
	r := a.newPerson(t).send(t, "POST", "/api/v1/import", list(strings.Split(strings.Repeat("{},", 499)+"{}", ",")...)).want(t, 422)
	if got := len(decoded[struct{ Errors []task.FieldError }](t, r).Errors); got != task.MaxFieldErrors {
		t.Errorf("got %d errors for 500 bad entries, want the first %d", got, task.MaxFieldErrors)
	}
}

// TestImportLeavesOutBadParts imports calendars with an entry of which one part does not fit. Both
// entries come, and the answer names line and reason.
func TestImportLeavesOutBadParts(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for name, tt := range map[string]struct{ line, kept, note string }{
		"an unknown zone":              {"DUE;TZID=Mars:20260301T080000", "DUE;TZID=Mars: 20260301T080000", `DUE has the TZID \"Mars\"`},
		"a rule that is not supported": {"DUE:20260301T080000Z\nRRULE:FREQ=HOURLY", "Repeats: FREQ=HOURLY", "the recurrence has FREQ=HOURLY"},
		"a day that does not exist":    {"DUE:20260231T080000Z", "DUE: 20260231T080000Z", "not a time such as"},
		"a broken line":                {"SUMMARY", "SUMMARY", "line 6 is not an iCalendar line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			body := "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:good\nEND:VTODO\nBEGIN:VTODO\n" + tt.line + "\nEND:VTODO\nEND:VCALENDAR\n"
			r := p.send(t, "POST", "/api/v1/import", body, asCalendar()).want(t, 200)
			if !strings.Contains(string(r.Body), tt.note) || !strings.Contains(string(r.Body), `"line":5`) {
				t.Errorf("got %s, want a note on line 5 with %q", r.Body, tt.note)
			}
			kept := false
			for _, x := range p.allTasks(t) {
				kept = kept || x.Description == tt.kept
			}
			if n := len(p.allTasks(t)); n != 2 || !kept {
				t.Errorf("got %d tasks, want 2 of which one says %q", n, tt.kept)
			}
		})
	}
}

func TestImportLimits(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	p.send(t, "POST", "/api/v1/import", `{"version": 1, "tasks": [], "exported_at": "`+strings.Repeat(" ", maxImport)+`"}`).wantProblem(t, 413, "too_large")
	p.send(t, "POST", "/api/v1/import", "x", header("Content-Type", "text/plain")).wantProblem(t, 415, "unsupported_media_type")
	if !a.imports.uploads.TryAcquire(maxUploads) {
		t.Fatal("an import that has ended keeps its place")
	}
	r := p.send(t, "POST", "/api/v1/import", `{"version": 1, "tasks": []}`).wantProblem(t, 503, "unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Error("the answer to a refused import has no Retry-After")
	}
	a.imports.uploads.Release(maxUploads)
	p.send(t, "POST", "/api/v1/import", `{"version": 1, "tasks": []}`).want(t, 200)
}

// TestImportOfManyTasks imports the largest allowed number of tasks.
func TestImportOfManyTasks(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	entries := make([]object, maxImported)
	for i := range entries {
		entries[i] = object{"title": "Task " + strconv.Itoa(i)}
	}
	given := object{"version": 1, "tasks": entries}
	got := decoded[apiv1.ImportCounts](t, p.send(t, "POST", "/api/v1/import", given).want(t, 200))
	if want := (apiv1.ImportCounts{Created: maxImported}); got != want || p.revision(t) != maxImported {
		t.Errorf("got %+v and revision %d, want %+v", got, p.revision(t), want)
	}
	file := p.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	if n := bytes.Count(file.Body, []byte(`"title":`)); n != maxImported {
		t.Errorf("got %d tasks in the export, want %d", n, maxImported)
	}
}
