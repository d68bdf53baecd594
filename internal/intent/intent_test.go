package intent

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// now is Wednesday, 2 December 2026, 10:00 in Berlin.
var now = time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)

func options(t testing.TB, language string) Options {
	t.Helper()
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Now: now, Zone: zone, Language: language, WeekStart: time.Monday}
}

// say writes an intent in the form of the tables.
func say(i Intent) string {
	var s strings.Builder
	s.WriteString(string(i.Kind))
	add := func(format string, args ...any) { fmt.Fprintf(&s, " "+format, args...) }
	if i.Wanted != "" {
		add("%s", i.Wanted)
	}
	if i.Missing != "" {
		add("without %s", i.Missing)
	}
	if i.MaybeTask {
		add("or a task")
	}
	if i.Target.Name != "" {
		add("[%s]", i.Target.Name)
	}
	if i.Target.Names != nil {
		add("or [%s]", strings.Join(i.Target.Names, "] ["))
	}
	for words, on := range map[string]bool{"last": i.Target.Last, "all overdue": i.Target.Overdue, "all today": i.Target.Today} {
		if on {
			add("%s", words)
		}
	}
	if i.Target.Tag != "" {
		add("all #%s", i.Target.Tag)
	}
	for _, sentence := range i.Sentences {
		add("{%s}", sentence)
	}
	if i.Parts != nil {
		add("or {%s}", strings.Join(i.Parts, "} {"))
	}
	if i.From != "" {
		add("%s..%s", i.From, i.To)
	}
	if i.Due != "" {
		add("%s", i.Due)
	}
	if i.Clock != "" {
		add("at %s", i.Clock)
	}
	if i.Shift != (Shift{}) {
		add("by %dd%dm", i.Shift.Days, i.Shift.Minutes)
	}
	if i.Priority != "" {
		add("!%s", i.Priority)
	}
	for _, tag := range i.NewTags {
		add("#%s", tag)
	}
	return s.String()
}

// TestSentences checks the tables of sentences, one for each language.
func TestSentences(t *testing.T) {
	t.Parallel()
	total := 0
	for language, file := range map[string]string{"en": "english.tsv", "de": "german.tsv", "fr": "french.tsv", "es": "spanish.tsv"} {
		seen := map[string]bool{}
		for _, row := range table(t, file) {
			sentence, want := row[0], row[1]
			if seen[sentence] {
				t.Errorf("%s: %q is there twice", file, sentence)
			}
			seen[sentence] = true
			if got := say(Read(sentence, options(t, language))); got != want {
				t.Errorf("%s: %s\n got %s\nwant %s", language, sentence, got, want)
			}
		}
		if len(seen) < 60 {
			t.Errorf("%s has %d sentences, want 60 or more", file, len(seen))
		}
		total += len(seen)
	}
	if total < 300 {
		t.Errorf("the tables have %d sentences, want 300 or more", total)
	}
}

// table returns the rows of a table, without blank lines and comments.
func table(t testing.TB, file string) (rows [][]string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		line := scanner.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 2 {
			t.Fatalf("%s: want a sentence and its intent: %q", file, line)
		}
		rows = append(rows, columns)
	}
	return rows
}
