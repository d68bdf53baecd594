package phrase

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

const (
	minute = "2006-01-02T15:04"
	shown  = "Mon 2006-01-02T15:04Z07:00"
)

// example is a line of testdata/phrases.txt.
type example struct {
	line, want string
	now        time.Time
	zone       *time.Location
	options    Options
	again      bool // parsing the title again changes nothing
}

func lines(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var found []string
	for scan := bufio.NewScanner(file); scan.Scan(); {
		if line := scan.Text(); line != "" && !strings.HasPrefix(line, "# ") {
			found = append(found, line)
		}
	}
	return found
}

func examples(t testing.TB) []example {
	t.Helper()
	var present example
	var found []example
	for _, line := range lines(t, "phrases.txt") {
		if settings, ok := strings.CutPrefix(line, "@ "); ok {
			present = presentOf(t, strings.Fields(settings))
			continue
		}
		e := present
		line, e.want, _ = strings.Cut(line, " -> ")
		e.line = strings.TrimPrefix(line, "~")
		e.again = e.line == line
		found = append(found, e)
	}
	return found
}

func presentOf(t testing.TB, settings []string) example {
	t.Helper()
	zone, err := task.LoadZone(settings[1])
	if err != nil {
		t.Fatal(err)
	}
	now, err := time.ParseInLocation(minute, settings[0], zone)
	if err != nil {
		t.Fatal(err)
	}
	e := example{now: now, zone: zone}
	for _, setting := range settings[2:] {
		if day, ok := strings.CutPrefix(setting, "day:"); ok {
			if e.options.Day, err = time.Parse(time.DateOnly, day); err != nil {
				t.Fatal(err)
			}
			continue
		}
		e.options.DateOrder = map[string]DateOrder{"dmy": DayMonth, "mdy": MonthDay}[setting]
	}
	return e
}

func (e example) parse(line string) (Draft, []Span) {
	return Parse(line, e.now, e.zone, e.options)
}

// text formats a draft as the examples do.
func text(d Draft, zone *time.Location) string {
	parts := []string{d.Title}
	add := func(there bool, name, value string) {
		if there {
			parts = append(parts, name+" "+value)
		}
	}
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(zone).Format(shown)
	}
	add(d.DueAt != nil, "due", at(d.DueAt))
	if d.DueOn != nil {
		add(true, "due", d.DueOn.Midnight().Format("Mon 2006-01-02"))
	}
	if r := d.Recurrence; r != nil {
		add(true, "repeat", r.RRule)
		if d.DueOn != nil && r.EndAt != nil {
			add(true, "end", r.EndAt.Format("Mon 2006-01-02"))
		} else {
			add(r.EndAt != nil, "end", at(r.EndAt))
		}
		add(r.Anchor != task.AnchorDue, "anchor", r.Anchor)
		add(r.Missed != task.MissedSkip, "missed", r.Missed)
	}
	add(d.Priority != "", "priority", string(d.Priority))
	add(d.Tags != nil, "tags", strings.Join(d.Tags, ","))
	var reminders []string
	for _, r := range d.Reminders {
		switch {
		case r.MinutesBefore != nil:
			reminders = append(reminders, fmt.Sprint(*r.MinutesBefore))
		case r.DaysBefore != nil:
			reminders = append(reminders, strings.TrimSpace(fmt.Sprintf("%d days %s", *r.DaysBefore, r.TimeOfDay)))
		default:
			reminders = append(reminders, at(r.At))
		}
	}
	add(len(reminders) > 0, "remind", strings.Join(reminders, ","))
	add(d.Reminders != nil && len(reminders) == 0, "remind", "none")
	return strings.Join(parts, " | ")
}

func TestParse(t *testing.T) {
	t.Parallel()
	all := examples(t)
	if len(all) < 150 {
		t.Fatalf("got %d examples, want 150 or more", len(all))
	}
	for _, e := range all {
		d, spans := e.parse(e.line)
		if got := text(d, e.zone); got != e.want {
			t.Errorf("%s\n got %s\nwant %s", e.line, got, e.want)
		}
		if d.TimeZone != e.zone.String() {
			t.Errorf("%s: got zone %s, want %s", e.line, d.TimeZone, e.zone)
		}
		hold(t, e.line, d, spans)
		if again, _ := e.parse(d.Title); e.again && text(again, e.zone) != d.Title {
			t.Errorf("%s: the title is understood again: %s", e.line, text(again, e.zone))
		}
	}
}

func TestParseLeavesAlone(t *testing.T) {
	t.Parallel()
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 2, 11, 10, 0, 0, 0, zone)
	for _, line := range lines(t, "left_alone.txt") {
		d, spans := Parse(line, now, zone, Options{})
		if got := text(d, zone); got != line || spans != nil {
			t.Errorf("%s: got %s, %v, want it as it is", line, got, spans)
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	zone, line := time.UTC, "Pay rent every 1st at 9am, until june remind me an hour before !high #home #köln"
	_, spans := Parse(line, time.Date(2026, 2, 11, 10, 0, 0, 0, zone), zone, Options{})
	var got []string
	for _, s := range spans {
		got = append(got, string(s.Kind)+": "+line[s.Start:s.End])
	}
	want := []string{"recurrence: every 1st", "due: at 9am,", "recurrence: until june", "reminder: remind me an hour before", "priority: !high", "tag: #home", "tag: #köln"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// hold checks the properties that every line with a valid title has.
func hold(t *testing.T, line string, d Draft, spans []Span) {
	t.Helper()
	made := d.Task()
	if err := made.Validate(); err != nil {
		t.Errorf("%q: not valid: %v", line, err)
	}
	rest, end := "", 0
	for _, s := range spans {
		if s.Start < end || s.End <= s.Start || s.End > len(line) {
			t.Fatalf("%q: got spans %v, want them in order and inside", line, spans)
		}
		rest, end = rest+line[end:s.Start]+" ", s.End
	}
	rest += line[end:]
	if got, want := bare(d.Title), bare(rest); !slices.Equal(got, want) {
		t.Errorf("%q: got title %q, want all that no span covers: %q", line, got, want)
	}
}

// bare returns the words of a text without punctuation around it.
func bare(text string) []string {
	return strings.Fields(strings.TrimFunc(text, joins))
}

// bounded checks the size of a draft: it never holds more text than the line, and one span or reminder
// takes at least one byte of it.
func bounded(t *testing.T, line string, d Draft, spans []Span) {
	t.Helper()
	text := len(d.Title)
	for _, tag := range d.Tags {
		text += len(tag)
	}
	if text > len(line) || len(spans) > len(line) || len(d.Reminders) > task.MaxReminders {
		t.Errorf("%q: got a draft larger than its line: %d bytes of text, %d spans, %d reminders", line, text, len(spans), len(d.Reminders))
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.line, e.now.Unix(), e.zone.String())
	}
	for _, table := range tables {
		for _, c := range languageCases(f, table.file) {
			f.Add(c.line, englishNow.Unix(), "Europe/Berlin")
		}
	}
	for _, line := range lines(f, "left_alone.txt") {
		f.Add(line, int64(1_774_700_000), "America/St_Johns")
	}
	f.Fuzz(func(t *testing.T, line string, now int64, zoneName string) {
		zone, err := task.LoadZone(zoneName)
		if err != nil || now < 0 || now > 4_000_000_000 {
			return // Parse never gets such a zone or time; every seed passes this check
		}
		at := time.Unix(now, 0)
		plain := task.Task{Title: line}
		plain.Normalize()
		fit := plain.Validate() == nil
		// The languages share the date orders, so that every line is read in each of both.
		for i, language := range append(slices.Clone(Languages), "en", "en") {
			order := DateOrder(i % 3)
			options := Options{DateOrder: order, Language: language}
			if order == MonthDay {
				options.Day = at
			}
			d, spans := Parse(line, at, zone, options)
			bounded(t, line, d, spans)
			if !fit {
				continue
			}
			hold(t, line, d, spans)
			made := d.Task()
			if made.Recurrence == nil {
				continue
			}
			if _, err := made.Occurrences(5); err != nil {
				t.Errorf("%q: no occurrences: %v", line, err)
			}
			if made.DueOn != nil && SayDays(*made.Recurrence, *made.DueOn) == "" {
				t.Errorf("%q: nothing is said", line)
			}
			if made.DueAt != nil && Say(*made.Recurrence, *made.DueAt, zone) == "" {
				t.Errorf("%q: nothing is said", line)
			}
		}
	})
}
