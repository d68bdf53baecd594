package todoist

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/importertest"
	"taskmaster/internal/task"
)

var testNow = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func read(t *testing.T, name string) importer.File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(data, options(name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func options(name string) importer.Options {
	return importer.Options{Name: name, Zone: "Europe/Berlin", Now: testNow, Limit: 1000}
}

// line describes a read task.
func line(x importer.Task) string {
	t := x.Task
	s := fmt.Sprintf("%d: %s [%s] %s", x.Line, t.Title, strings.Join(t.Tags, ","), t.Priority)
	if t.DueOn != nil {
		s += " due " + string(*t.DueOn) + " " + t.TimeZone
	}
	if t.DueAt != nil {
		s += " due " + t.DueAt.UTC().Format("2006-01-02T15:04Z") + " " + t.TimeZone
	}
	if r := t.Recurrence; r != nil {
		s += " " + r.RRule + " " + r.Anchor
	}
	return s
}

func TestRead(t *testing.T) {
	t.Parallel()
	f := read(t, "Home.csv")
	want := []string{
		"3: Pay rent [Home,bills,flat] high due 2026-04-01T07:00Z Europe/Berlin FREQ=MONTHLY;BYMONTHDAY=1 due",
		"5: Buy milk [Home] none due 2026-03-05 America/New_York",
		"6: Call the plumber [Home] medium due 2026-03-05T23:30Z America/New_York",
		"7: Water the plants [Home] low due 2026-03-02 Europe/Berlin FREQ=DAILY;INTERVAL=3 completion",
		"8: Müll rausbringen [Home] none due 2026-03-03 Europe/Berlin FREQ=WEEKLY;BYDAY=TU due",
		"11: Paint the fence [Home,Garden] none due 2026-06-30 Europe/Berlin",
		"13: Buy paint [Home,Garden] none due 2026-03-03T16:00Z Europe/Berlin",
		"14: Ask for the colour [Home,Garden,errands] none",
		"16: Call [Home,Garden] none",
		"17: Call [Home,Garden] none",
	}
	var got []string
	for _, x := range f.Tasks {
		got = append(got, line(x))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	for i, want := range map[int]string{
		0: "To the new account, not the old one\n\nThe landlord's IBAN is in the folder.",
		2: "Responsible: Bob (14781401)\n\nDuration: 30 minute",
		5: "Two coats.\nThe primer is in the shed.",
		6: "Part of: Paint the fence",
		7: "Part of: Paint the fence > Buy paint\n\nMoss green or RAL 6005",
	} {
		if got := f.Tasks[i].Task.Description; got != want {
			t.Errorf("%s: got description %q, want %q", f.Tasks[i].Task.Title, got, want)
		}
	}
	var notes []string
	for _, n := range f.Notes {
		notes = append(notes, fmt.Sprint(n.Line, " ", n.Title, ": ", n.Message))
	}
	for _, want := range []string{
		`6 Call the plumber: tasks have no assignee: "Bob (14781401)" is in the description`,
		`11 Paint the fence: has a deadline and no date: it is due at the deadline, "2026-06-30"`,
		`13 Buy paint: there are no sub-tasks: "Paint the fence" is in the description`,
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note says %q: %q", want, notes)
		}
	}
}

// TestReadOfBackup reads an older file as contained in backups. Its name has an ID, and it has
// fewer columns.
func TestReadOfBackup(t *testing.T) {
	t.Parallel()
	f := read(t, "Work [220474322].csv")
	want := []string{
		"2: Write the report [Work] high due 2026-08-17T08:00Z Europe/Berlin",
		"3: Read e-mail from ada@example.com [Work] none due 2026-03-02 Europe/Berlin FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR due",
	}
	for i, x := range f.Tasks {
		if got := line(x); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
	if len(f.Tasks) != len(want) || len(f.Notes) != 0 {
		t.Errorf("got %d tasks and notes %v", len(f.Tasks), f.Notes)
	}
}

// TestDates reads dates that Todoist writes and people type there, and some that stay as text.
func TestDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-08-13 18:30":               "2026-08-13T18:30",
		"Today at 14:00":                 "2026-03-02T14:00",
		"tom":                            "2026-03-03",
		"Sat 7 Nov":                      "2026-11-07",
		"Nov 7 @ 18:00":                  "2026-11-07T18:00",
		"7 Nov 18:00":                    "2026-11-07T18:00",
		"next monday":                    "2026-03-09",
		"in 5 days":                      "2026-03-07",
		"daily":                          "2026-03-02 daily due",
		"every day ending 5 May":         "2026-03-02 daily due until 2026-05-05",
		"every day for 3 weeks":          "2026-03-02 daily due until 2026-03-22",
		"every mon starting 1 jan":       "2027-01-04 FREQ=WEEKLY;BYDAY=MO due",
		"ev monday 20:00":                "2026-03-02T20:00 FREQ=WEEKLY;BYDAY=MO due",
		"every mon, wed at 9am":          "2026-03-04T09:00 FREQ=WEEKLY;BYDAY=MO,WE due",
		"every other tuesday":            "2026-03-03 FREQ=WEEKLY;INTERVAL=2;BYDAY=TU due",
		"every 3rd friday":               "2026-03-20 FREQ=MONTHLY;BYDAY=3FR due",
		"every 2nd wednesday":            "2026-03-11 FREQ=MONTHLY;BYDAY=2WE due",
		"every 27":                       "2026-03-27 FREQ=MONTHLY;BYMONTHDAY=27 due",
		"every 2 at 7am":                 "2026-04-02T07:00 FREQ=MONTHLY;BYMONTHDAY=2 due",
		"every last workday":             "2026-03-31 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 due",
		"every 5 march":                  "2026-03-05 FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=5 due",
		"every! 10 days":                 "2026-03-02 FREQ=DAILY;INTERVAL=10 completion",
		"after 2 weeks":                  "2026-03-02 FREQ=WEEKLY;INTERVAL=2 completion",
		"every 12 hours":                 "kept",
		"every 14 jan, 14 apr, 15 jun":   "kept",
		"11/07/2026":                     "kept",
		"jeden Tag":                      "kept",
		"tomorrow !high #home":           "kept",
		"tomorrow remind me at 8":        "kept",
		strings.Repeat("every day ", 30): "kept",
	} {
		f, err := Read([]byte("TYPE,CONTENT,DATE\ntask,x,\""+text+"\"\n"), options("x.csv"))
		if err != nil {
			t.Fatal(err)
		}
		x, got := f.Tasks[0].Task, "kept"
		if due, ok := x.Due(); ok && !strings.Contains(x.Description, strings.TrimSpace(text)) {
			zone, _ := task.LoadZone("Europe/Berlin")
			got = due.In(zone).Format("2006-01-02T15:04")
			if x.DueOn != nil {
				got = string(*x.DueOn)
			}
			if r := x.Recurrence; r != nil {
				got += " " + r.RRule + " " + r.Anchor
				if r.EndAt != nil {
					got += " until " + r.EndAt.Format(time.DateOnly)
				}
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestKeys shows that the same task in two files has the same key, regardless of its date and line.
// Two equal tasks in one file have different keys.
func TestKeys(t *testing.T) {
	t.Parallel()
	keys := func(name, csv string) []string {
		f, err := Read([]byte("TYPE,CONTENT,INDENT,DATE\n"+csv), options(name))
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, x := range f.Tasks {
			keys = append(keys, x.Key)
		}
		return keys
	}
	a := keys("Home [1].csv", "task,a,1,\ntask,b,2,\ntask,a,1,\n")
	b := keys("Home.csv", "task,new,1,\ntask,a,1,tomorrow\ntask,b,2,\ntask,a,1,\n")
	if !slices.Equal(a, b[1:]) {
		t.Errorf("got %q and %q, want the same", a, b[1:])
	}
	all := slices.Concat(a, keys("Work.csv", "task,a,1,\ntask,b,2,\n"), keys("Home.csv", "section,s,,\ntask,a,1,\ntask,b,1,\n"))
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("of %d tasks %d have a key of their own: %q", len(all), n, all)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ csv, want string }{
		"nothing":         {"", "the file is empty"},
		"large comments":  {"TYPE,CONTENT\ntask,a\n" + strings.Repeat("note,"+strings.Repeat("x", 1000)+"\n", 1100), "the comments of the task on line 2 are larger than 1 MiB"},
		"many columns":    {strings.Repeat("a,", 101), "line 1: there are more than 100 columns"},
		"a large line":    {"TYPE,CONTENT\ntask,a\ntask," + strings.Repeat("@a ", 400_000) + "\n", "line 3: the line that begins here is larger than 1 MiB"},
		"a long section":  {"TYPE,CONTENT\nsection," + strings.Repeat("s", 501) + "\n", "line 2: the section's name is longer than 500 bytes"},
		"a wide line":     {"TYPE,CONTENT\ntask,\"a,\nb\"\n" + strings.Repeat(",", 101), "line 4: there are more than 100 columns"},
		"another table":   {"title,due\nx,y\n", "line 1: there are no columns TYPE and CONTENT"},
		"more than limit": {"TYPE,CONTENT\n" + strings.Repeat("task,a\n", 1001), "line 1002: the file has more than 1000 tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read([]byte(tt.csv), options("x.csv"))
			if task.ErrorCode(err) != task.CodeInvalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestNothingIsLost shows that text that tasks cannot hold is in the description or in a note.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 150)
	csv := "TYPE,CONTENT,DESCRIPTION,PRIORITY,DATE,TIMEZONE\n" +
		"note,orphan " + strings.Repeat("note ", 200) + ",,,,\n" +
		"task," + long + ",,9,when hell freezes over,Mars/Olympus\n" +
		"note," + strings.Repeat("x", 40_000) + ",,,,\n" +
		"epic,unknown kind,,,,\n,without a kind,,,,\n" +
		"task,@home,,,,\n"
	f, err := Read([]byte(csv), options("x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	texts := fmt.Sprint(f.Notes)
	for _, x := range f.Tasks {
		x.Task.Normalize()
		if err := x.Task.Validate(); err != nil {
			t.Errorf("%s: %v", x.Task.Title, err)
		}
		texts += x.Task.Title + "\n" + x.Task.Description + "\n"
	}
	for _, want := range []string{strings.TrimSpace(long), "orphan", "unknown kind", "without a kind", "Priority: 9", "Date: when hell freezes over", "Mars/Olympus", "@home"} {
		if !strings.Contains(texts, want) {
			t.Errorf("%q is lost", want)
		}
	}
	if n := strings.Count(texts, "x"); n < 40_000 {
		t.Errorf("%d characters are left of 40,000", n)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"Home.csv", "Work [220474322].csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, name)
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		o := options(name)
		file, err := Read(data, o)
		importertest.Check(t, file, err, len(data)+len(name), o.Limit)
		keys := map[string]bool{}
		for _, x := range file.Tasks {
			if keys[x.Key] {
				t.Errorf("two tasks have the key %q", x.Key)
			}
			keys[x.Key] = true
		}
	})
}
