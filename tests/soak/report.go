package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"taskmaster/tests/ledger"
)

// warning matches a line of the system's log that a person should read.
var warning = regexp.MustCompile(`level=(WARN|ERROR)|level=(warning|error|fatal)`)

// shownWarnings is the number of such lines in the report.
const shownWarnings = 10

// report returns the numbers of the run as Markdown, and PASS or the discrepancies.
func (s *soak) report(took time.Duration, wrong []ledger.Discrepancy) (string, error) {
	var b strings.Builder
	b.WriteString("\n| | |\n|---|--:|\n")
	row := func(what string, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	totals, got := s.people.Totals(), s.books.Tally()
	row("broker, people", "%s, %d", s.broker, s.config.people)
	row("length", "%s", took.Round(time.Second))
	if s.short {
		row("intervals set to seconds", "%d", len(s.shortened))
	}
	row("changes answered", "%d", totals.Changes)
	row("requests sent again", "%d", totals.Retries)
	row("pages read", "%d", s.pages.count())
	row("events", "%d", got.Events)
	row("events that came again", "%d", got.Repeats)
	row("events that came after a later one", "%d", got.OutOfOrder)
	row("longest catch-up, change to subscriber", "%.1f s", got.CatchUp.Seconds())
	row("next occurrences", "%d", totals.Occurrences)
	row("reminders fired", "%d", got.Reminders)
	row("notifications", "%d", got.Webhooks)
	row("notifications that came again, same id", "%d", got.WebhooksHad)
	row("messages at WebSockets", "%d", got.Messages)
	row("WebSockets opened", "%d", totals.Sockets)

	var warnings []string
	for line := range strings.Lines(s.Tail(1 << 30)) {
		if warning.MatchString(line) {
			warnings = append(warnings, line)
		}
	}
	row("warnings and errors in the log", "%d", len(warnings))
	memory, err := s.processes.memory()
	if err != nil {
		return "", err
	}
	b.WriteString(memory)
	if len(warnings) > 0 {
		fmt.Fprintf(&b, "\nThe first warnings and errors:\n%s", strings.Join(warnings[:min(len(warnings), shownWarnings)], ""))
	}
	b.WriteString("\n" + ledger.Verdict(wrong))
	return b.String(), nil
}
