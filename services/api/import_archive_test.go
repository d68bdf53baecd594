package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

func asType(mediaType string) func(*http.Request) { return header("Content-Type", mediaType) }

// zipped returns a ZIP archive of files. The arguments alternate between name and content.
func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func fixture(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash("../../internal/importer/" + path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestImportFromOtherPrograms imports files of Todoist, Vikunja and other calendars. A dry run
// reports the tasks, an import adds them, and a second import adds none.
func TestImportFromOtherPrograms(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	home, work := fixture(t, "todoist/testdata/Home.csv"), fixture(t, "todoist/testdata/Work [220474322].csv")
	calendar := strings.Replace(fixture(t, "ical/testdata/nextcloud.ics"), "BEGIN:VTODO",
		"BEGIN:VEVENT\nUID:party\nEND:VEVENT\nBEGIN:VTODO\nUID:long\nSUMMARY:"+strings.Repeat("long ", 200)+"\nEND:VTODO\nBEGIN:VTODO", 1)
	for name, tt := range map[string]struct {
		query, mediaType, body string
		created                int
		title, note            string
	}{
		"a Todoist project":        {"?name=Home.csv", "text/csv", home, 10, "Pay rent", "has a deadline and no date"},
		"a Todoist backup":         {"", "application/zip", zipped(t, "Home [1].csv", home, "Work [220474322].csv", work, "__MACOSX/x.csv", "?"), 12, "Write the report", "there are no sub-tasks"},
		"a calendar":               {"", "text/calendar", calendar, 4, "Water the plants", "there are no sub-tasks"},
		"a title that is too long": {"", "text/calendar", calendar, 4, "Call the landlord", "the title is longer than 500 characters"},
		"events in a calendar":     {"", "text/calendar", calendar, 4, "Buy a watering can", "1 events or journal entries are left out"},
		"a Vikunja export": {"", "application/x-zip-compressed",
			zipped(t, "VERSION", "v0.24.6", "data.json", fixture(t, "vikunja/testdata/data.json"), "filters.json", "[]", "files/9", "JPEG"), 5, "Water the plants", "files are left out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Europe/Berlin"}).want(t, 200)
			send := func(more url.Values) apiv1.ImportResult {
				t.Helper()
				path := "/api/v1/import" + tt.query
				if len(more) > 0 {
					path += map[bool]string{true: "?", false: "&"}[tt.query == ""] + more.Encode()
				}
				return decoded[apiv1.ImportResult](t, p.send(t, "POST", path, tt.body, asType(tt.mediaType)).want(t, 200))
			}
			dry := send(url.Values{"dry_run": {"true"}})
			if n := len(p.allTasks(t)); n != 0 || p.revision(t) != 0 || !dry.DryRun {
				t.Fatalf("a dry run has added %d tasks: %+v", n, dry)
			}
			got := send(nil)
			if want := (apiv1.ImportCounts{Created: tt.created}); got.ImportCounts != want || dry.ImportCounts != want {
				t.Errorf("got %+v, after a dry run with %+v, want %+v", got.ImportCounts, dry.ImportCounts, want)
			}
			if len(got.Sample) != tt.created || len(dry.Sample) != tt.created {
				t.Errorf("got a sample of %d, and of %d in the dry run, want %d", len(got.Sample), len(dry.Sample), tt.created)
			}
			noted, found := false, false
			for _, n := range got.Notes {
				noted = noted || strings.Contains(n.Message, tt.note)
			}
			for _, x := range p.allTasks(t) {
				found = found || x.Title == tt.title
			}
			if !noted || !found {
				t.Errorf("no note says %q or there is no task %q: %v", tt.note, tt.title, got.Notes)
			}
			again := send(nil)
			if want := (apiv1.ImportCounts{Skipped: tt.created}); again.ImportCounts != want {
				t.Errorf("again: got %+v, want %+v", again.ImportCounts, want)
			}
		})
	}
}

// damaged changes a byte of the packed content of the first file.
func damaged(archive string) string {
	const at = 45 // after the header of 30 bytes and a name of 8
	return archive[:at] + string([]byte{archive[at] ^ 0xff}) + archive[at+1:]
}

// TestImportedTodoistTaskIsWhole checks every property of one imported line.
func TestImportedTodoistTaskIsWhole(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "POST", "/api/v1/import?name=Home.csv", fixture(t, "todoist/testdata/Home.csv"), asType("text/csv")).want(t, 200)
	for _, x := range p.allTasks(t) {
		if x.Title != "Pay rent" {
			continue
		}
		due := time.Date(2026, 4, 1, 7, 0, 0, 0, time.UTC)
		if x.Recurrence == nil || len(x.Reminders) != 1 {
			t.Fatalf("got %+v, want a recurrence and one reminder", x)
		}
		want, rule := x, *x.Recurrence
		rule.RRule = "FREQ=MONTHLY;BYMONTHDAY=1"
		want.Priority, want.TimeZone, want.DueAt, want.Recurrence = task.PriorityHigh, "Europe/Berlin", &due, &rule
		want.Tags, want.SeriesID = []string{"Home", "bills", "flat"}, &x.ID
		if diff := cmp.Diff(want, x); diff != "" {
			t.Errorf("the task differs (-want +got):\n%s", diff)
		}
		return
	}
	t.Error("the task is missing")
}

func TestImportRefusesFilesOfOtherPrograms(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	bomb := zipped(t, "Home.csv", "TYPE,CONTENT\n"+strings.Repeat("task,a\n", maxUnpacked/7))
	if len(bomb) > maxImport {
		t.Fatalf("the bomb has %d bytes and is refused before it is unpacked", len(bomb))
	}
	for name, tt := range map[string]struct {
		mediaType, body string
		status          int
		want            string
	}{
		"an empty list":                {"application/json", "[]", 400, "the body is not an export"},
		"a list of numbers":            {"application/json", "[1]", 400, "the body is not an export"},
		"an empty object":              {"application/json", "{}", 422, "the file is of another version, or not an export"},
		"null":                         {"application/json", "null", 400, "the body is not an export"},
		"no JSON at all":               {"application/json", "", 400, "the file ends in the middle"},
		"an empty archive":             {"application/zip", "", 400, "not a ZIP archive"},
		"an empty table":               {"text/csv", "", 422, "the file is empty"},
		"an empty calendar":            {"text/calendar", "", 422, "the file has no task"},
		"a damaged file in an archive": {"application/zip", damaged(zipped(t, "Home.csv", strings.Repeat("TYPE,CONTENT\n", 100))), 400, "Home.csv cannot be unpacked"},
		"another CSV":                  {"text/csv", "a,b\n1,2\n", 422, "preview the file"},
		"not an archive":               {"application/zip", "PK, or not", 400, "not a ZIP archive"},
		"an archive of others":         {"application/zip", zipped(t, "photo.jpg", "JPEG"), 422, "neither the data.json"},
		"an archive cut off":           {"application/zip", zipped(t, "Home.csv", strings.Repeat("TYPE,CONTENT\n", 100))[:60], 400, "not a ZIP archive"},
		"one that unpacks to too much": {"application/zip", bomb, 413, "unpacks to more than 16 MiB"},
		"too many tasks":               {"text/csv", "TYPE,CONTENT\n" + strings.Repeat("task,a\n", maxImported+1), 422, "line 10002: the file has more than 10000 tasks"},
		"a bad file in a backup":       {"application/zip", zipped(t, "A.csv", "TYPE,CONTENT\ntask,a\n", "B.csv", strings.Repeat(",", 101)), 422, "B.csv, line 1: there are more than 100 columns"},
		"broken JSON":                  {"application/zip", zipped(t, "data.json", "[\n{,}]"), 422, "data.json, line 2, column 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			r := p.send(t, "POST", "/api/v1/import", tt.body, asType(tt.mediaType)).want(t, tt.status)
			if !strings.Contains(string(r.Body), tt.want) {
				t.Errorf("got %s, want %q", r.Body, tt.want)
			}
			if n := len(p.allTasks(t)); n != 0 {
				t.Errorf("%d tasks were added", n)
			}
		})
	}
	a.newPerson(t).send(t, "POST", "/api/v1/import?dry_run=perhaps", `{"version": 1, "tasks": []}`).wantProblem(t, 422, "invalid")
}
