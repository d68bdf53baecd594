package phrase

import (
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// englishNow is Wednesday, 2 December 2026, 10:00 in Berlin.
var englishNow = time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)

// languageCase is a line of a table such as testdata/english.tsv.
type languageCase struct{ line, want, reason string }

// tables are the languages with their tables and the least number of lines.
var tables = []struct {
	language, file string
	least          int
}{{"en", "english.tsv", 450}, {"de", "german.tsv", 120}, {"fr", "french.tsv", 120}, {"es", "spanish.tsv", 120}}

func languageCases(t testing.TB, file string) []languageCase {
	t.Helper()
	var found []languageCase
	for _, text := range lines(t, file) {
		columns := strings.Split(text, "\t")
		if len(columns) != 3 || columns[2] == "" {
			t.Fatalf("want a line, its meaning and a reason: %q", text)
		}
		c := languageCase{columns[0], columns[1], columns[2]}
		if c.want == "-" {
			c.want = c.line
		}
		found = append(found, c)
	}
	return found
}

// TestLanguages checks the lines of the tables, and those that must stay as they are.
func TestLanguages(t *testing.T) {
	t.Parallel()
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range tables {
		if Languages[i] != table.language {
			t.Errorf("language %d is %s, want %s", i, Languages[i], table.language)
		}
		all := languageCases(t, table.file)
		if len(all) < table.least {
			t.Errorf("%s: got %d lines, want %d or more", table.file, len(all), table.least)
		}
		seen := map[string]bool{}
		for _, c := range all {
			if seen[c.line] {
				t.Errorf("%s: the line is there twice", c.line)
			}
			seen[c.line] = true
			d, spans := Parse(c.line, englishNow, zone, Options{DateOrder: DayMonth, Language: table.language})
			if got := text(d, zone); got != c.want {
				t.Errorf("%s (%s)\n got %s\nwant %s", c.line, c.reason, got, c.want)
			}
			hold(t, c.line, d, spans)
		}
	}
}

// TestAcceptLanguage checks the default of a new account.
func TestAcceptLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "", "de-AT,de;q=0.9,en;q=0.8": "de", "it, fr;q=0.5, en;q=0.7": "en", "pt-BR": "", "ES": "es", "en;q=0, fr;q=0.1": "fr",
	} {
		if got := AcceptLanguage(header); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// TestTodoistSigns reads Todoist's signs only if the account chose them.
func TestTodoistSigns(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"pay taxes p1 @finance":       "pay taxes | priority high | tags finance",
		"P2 call mum tomorrow @phone": "call mum | due Thu 2026-12-03 | priority medium | tags phone",
		"tidy up p4":                  "tidy up | priority none",
		"read p3 report p1":           "read report p1 | priority low",
		"meet @ 9:30 @office #work":   "meet | due Wed 2026-12-02T09:30Z | tags office,work",
		"write to bob@example.com":    "write to bob@example.com",
		"print p5 and @":              "print p5 and @",
		"ask @bob, then @carol !high": "ask then | priority high | tags bob,carol",
		"buy milk tomorrow !2 p1":     "buy milk p1 | due Thu 2026-12-03 | priority medium",
	} {
		d, spans := Parse(line, englishNow, time.UTC, Options{TodoistSigns: true})
		if got := text(d, time.UTC); got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
		hold(t, line, d, spans)
		if d, _ := Parse(line, englishNow, time.UTC, Options{}); strings.Contains(line, "@office") && !slices.Equal(d.Tags, []string{"work"}) {
			t.Errorf("%s: without the setting, got the tags %v", line, d.Tags)
		}
	}
}

// TestWeekStart shows that the first day of the week decides "next week" and the weeks of a rule.
func TestWeekStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line                     string
		monday, sunday, saturday string
	}{
		{"call mum next week", "call mum | due Mon 2026-12-07", "call mum | due Sun 2026-12-06", "call mum | due Sat 2026-12-05"},
		{"call mum next sunday", "call mum | due Sun 2026-12-13", "call mum | due Sun 2026-12-06", "call mum | due Sun 2026-12-06"},
		{"call mum sunday next week", "call mum | due Sun 2026-12-13", "call mum | due Sun 2026-12-06", "call mum | due Sun 2026-12-06"},
		{
			"call mum every 2 weeks on sunday and monday", "call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO",
			"call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
			"call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SA",
		},
		{"call mum every 2 weeks on sunday", "call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "call mum | due Sun 2026-12-06 | repeat FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"},
	}
	for _, tt := range tests {
		for day, want := range map[time.Weekday]string{time.Monday: tt.monday, time.Sunday: tt.sunday, time.Saturday: tt.saturday} {
			d, _ := Parse(tt.line, englishNow, time.UTC, Options{WeekStart: &day})
			if got := text(d, time.UTC); got != want {
				t.Errorf("%s, weeks from %s:\n got %s\nwant %s", tt.line, day, got, want)
			}
		}
	}
}

// TestClockZone shows that a recurrence at a time of another zone stays in that zone.
func TestClockZone(t *testing.T) {
	t.Parallel()
	d, _ := Parse("standup every weekday 9:00 UTC", englishNow, time.FixedZone("Europe/Berlin", 3600), Options{})
	if d.TimeZone != "UTC" || !d.DueAt.Equal(time.Date(2026, 12, 3, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("got %s in %s, want the next 9:00 in UTC", d.DueAt, d.TimeZone)
	}
}

// TestTooOften checks that the parser reports a recurrence that is too frequent.
func TestTooOften(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"drink water every 2 hours": true, "drink water every hour": true, "drink water hourly": true, "check mail every 30 minutes": true,
		"drink water every day": false, "hourly rate of the plumber": false, "every hour counts": false,
	} {
		if d, _ := Parse(line, englishNow, time.UTC, Options{}); d.TooOften != want {
			t.Errorf("%s: got %v, want %v", line, d.TooOften, want)
		}
	}
}

// TestParseIsQuick bounds the work of lines that look like dates throughout.
func TestParseIsQuick(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"1 ", "mon 1 ", "every 1st ", "in 2 hours and ", "1-2 ", "jan 1 - ", "at 9 ", "a week from ", "half ", "1 week before and ", "7th tue the month "} {
		line := strings.Repeat(part, task.MaxTitle/len(part))
		start := time.Now()
		Parse(line, englishNow, time.UTC, Options{DateOrder: DayMonth})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q took %s", part, took)
		}
	}
}
