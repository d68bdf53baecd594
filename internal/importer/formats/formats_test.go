package formats_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/formats"
	"taskmaster/internal/importer/importertest"
	"taskmaster/internal/task"
)

var options = importer.Options{Zone: "Europe/Berlin", Now: time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC), Limit: 100}

func read(data []byte, csv bool) (importer.File, error) {
	if csv {
		file, _, err := formats.ReadCSV(data, "", options)
		return file, err
	}
	return formats.ReadJSON(data, formats.Detect(data), options)
}

// brief describes a task and the notes about it.
func brief(t *testing.T, file importer.File, x importer.Task) []string {
	t.Helper()
	y := x.Task
	reminders := y.Reminders
	y.Normalize()
	lines := []string{y.Title + ": " + strings.ReplaceAll(y.Description, "\n", "/")}
	add := func(ok bool, s string) {
		if ok {
			lines = append(lines, s)
		}
	}
	if y.DueOn != nil {
		add(true, "on "+string(*y.DueOn))
	}
	if y.DueAt != nil {
		add(true, "at "+y.DueAt.UTC().Format(time.RFC3339)+" "+y.TimeZone)
	}
	if y.Recurrence != nil {
		add(true, y.Recurrence.RRule)
	}
	for _, r := range reminders {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		add(true, string(raw))
	}
	if y.Completed {
		add(y.CompletedAt == nil, "done")
		add(y.CompletedAt != nil, "done "+cmpTime(y.CompletedAt))
	}
	add(y.Priority != task.PriorityNone, string(y.Priority))
	add(len(y.Tags) > 0, "#"+strings.Join(y.Tags, " #"))
	for _, n := range file.Notes {
		add(n.Title == y.Title, "NOTE "+n.Message)
	}
	if err := y.Validate(); err != nil {
		t.Errorf("%s: %v", y.Title, err)
	}
	return lines
}

func cmpTime(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// TestFilesOfOtherPrograms reads a file of each program.
func TestFilesOfOtherPrograms(t *testing.T) {
	t.Parallel()
	tests := map[string][][]string{
		"ticktick.csv": {
			{"Cut the hedge: - [ ] gloves- [x] saw", "on 2026-12-04", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=4", `{"days_before":0,"time":"09:00"}`, `{"days_before":1,"time":"20:00"}`, "medium", "#Private #Garden #tools #green", "NOTE the part TT_SKIP=WEEKEND of the recurrence is left out"},
			{"Call the shop: Repeats: FREQ=HOURLY", "at 2026-12-05T08:30:00Z Europe/Paris", `{"minutes_before":15}`, "high", "#Garden", `NOTE the recurrence has FREQ=HOURLY: use DAILY, WEEKLY, MONTHLY or YEARLY: "FREQ=HOURLY" is in the description`},
			{"Old: ", "done 2026-11-03T10:00:00Z", "#Garden"},
		},
		"outlook.csv": {
			{"Send the offer: Start Date: 12/1/2026//with the plan//Status: Not Started", "on 2026-12-15", "high", "#Work #Sales"},
			{"File taxes: Status: Complete", "on 2026-11-03", "done 2026-11-03T23:00:00Z"},
		},
		"google.json": {
			{"Buy seeds: many", "on 2026-12-06", "#Garden"},
			{"Red ones: Part of: Buy seeds", "done 2026-11-20T10:00:00Z", "#Garden", `NOTE there are no sub-tasks: "Buy seeds" is in the description`},
			{"Call: ", "at 2026-12-07T13:30:00Z Europe/Berlin", "#Garden"},
		},
		"microsoft.json": {
			{"Water: a & b//- [x] can", "on 2026-12-06", "FREQ=WEEKLY;BYDAY=SU,MO;WKST=SU;INTERVAL=2", `{"days_before":1,"time":"18:00"}`, "high", "#Garden #green"},
			{"Paint: ", "done 2026-11-20T00:00:00Z", "#Garden"},
		},
		"trello.json": {
			{"Build: slowly//Parts/- [x] roof/- [ ] door//Kim, 2026-11-20:/soon", "at 2026-12-06T09:00:00Z Europe/Berlin", `{"minutes_before":60}`, "#House #Doing #red #archived", "NOTE is archived: it has the tag archived"},
		},
		"things.json": {
			{"Dig: deep//- [x] spade//Starts: 2026-12-04", "on 2026-12-06", "#Garden #Soon #green", `NOTE tasks have no start: "2026-12-04" is in the description`},
			{"Call: ", "at 2026-12-03T17:00:00Z Europe/Berlin"},
			{"Ask: ", "at 2026-12-07T17:00:00Z Europe/Berlin", "done 2026-11-20T10:00:00Z", "#cancelled"},
		},
		"vikunja.json": {{"Pay: ", "at 2026-12-31T08:00:00Z Europe/Berlin", "monthly", "#Garden"}},
		"table.csv": {
			{"Öl kaufen: weiß//Raum: Keller", "on 2026-12-05", "#haus #küche"},
			{"Anrufen: ", "at 2026-12-06T13:30:00Z Europe/Berlin", "done"},
			{"Falsch: Due: 31.02.2026", `NOTE the date cannot be read: "31.02.2026" is in the description`},
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			file, err := read(data, filepath.Ext(name) == ".csv")
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, x := range file.Tasks {
				got = append(got, brief(t, file, x))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestQuoteWithoutEndIsReported reads tables in which a quotation mark has no end. All tasks come, and the
// report names the line.
func TestQuoteWithoutEndIsReported(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"a table": "Title,Notes\nfirst,\"cut\nsecond,\"b, c\"\nthird,d\n",
		"Todoist": "TYPE,CONTENT,DESCRIPTION\ntask,first,\"cut\ntask,second,\"b, c\"\ntask,third,d\n",
	} {
		file, err := read([]byte(data), true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, x := range file.Tasks {
			got = append(got, x.Task.Title+": "+x.Task.Description)
		}
		if diff := cmp.Diff([]string{"first: cut", "second: b, c", "third: d"}, got); diff != "" {
			t.Errorf("%s: tasks (-want +got):\n%s", name, diff)
		}
		if len(file.Notes) != 1 || file.Notes[0].Line != 2 || !strings.Contains(file.Notes[0].Message, "quotation mark") {
			t.Errorf("%s: got notes %+v, want one on line 2", name, file.Notes)
		}
	}
}

func TestUnknownFiles(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "1,2\n3,4\n", "a,\n1,2\n", "a,a\n1,2\n", "a\n1\n", "<html>", "\x00\x01\x02", "[]", "[1]", `{"x": 1}`, "{", "null"} {
		for _, csv := range []bool{true, false} {
			_, err := read([]byte(data), csv)
			if task.ErrorCode(err) != task.CodeInvalid || !strings.Contains(err.Error(), "TickTick") && data != "" {
				t.Errorf("%q: got %v, want the known files", data, err)
			}
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no seeds")
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data, false) })
}

func FuzzReadCSV(f *testing.F) {
	for _, name := range []string{"ticktick.csv", "outlook.csv", "table.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data, true) })
}

// check reads a file within the bounds.
func check(t *testing.T, data []byte, csv bool) {
	t.Helper()
	file, err := read(data, csv)
	importertest.Check(t, file, err, len(data), options.Limit)
}
