package main

import (
	"fmt"
	"strings"
	"time"

	"taskmaster/tests/ledger"
)

// shown is how many discrepancies are shown; more tell nothing new.
const shown = 50

// report is what happened, for people: Markdown, and PASS or what is wrong.
func (f *faults) report(broken, took time.Duration, wrong []ledger.Discrepancy) string {
	var s strings.Builder
	s.WriteString("\n| | |\n|---|--:|\n")
	row := func(what string, format string, args ...any) {
		fmt.Fprintf(&s, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	row("broker, seed, pace", "%s, %d, %v", f.broker, f.seed, f.pace)
	row("people", "%d", f.users)
	row("length, of that with faults", "%s, %s", took.Round(time.Second), broken.Round(time.Second))
	var changes, repeated, occurrences int
	for _, w := range f.workers {
		changes += w.Changes()
		repeated += w.Retries()
		occurrences += w.Completed()
	}
	got := f.books.Tally()
	row("changes answered", "%d", changes)
	row("requests sent again", "%d", repeated)
	row("events", "%d", got.Events)
	row("events that came again", "%d", got.Repeats)
	row("events that came after a later one", "%d", got.OutOfOrder)
	row("longest catch-up, change to subscriber", "%.1f s", got.CatchUp.Seconds())
	row("next occurrences", "%d", occurrences)
	row("reminders fired", "%d", got.Reminders)
	row("notifications", "%d", got.Webhooks)
	row("notifications that came again, same id", "%d", got.WebhooksHad)
	var sockets int64
	for _, w := range f.watchers {
		sockets += w.Sockets()
	}
	row("messages at WebSockets", "%d", got.Messages)
	row("WebSockets opened", "%d", sockets)
	total := 0
	for _, k := range kinds {
		row("faults: "+string(k), "%d%s", f.done[k], omission(f.omitted[k]))
		total += f.done[k]
	}
	row("faults in all", "%d", total)
	row("longest from a fault's end until events flowed", "%.1f s (%s %s)", f.recovery.Seconds(), f.slowest.kind, f.slowest.victim)
	s.WriteString("\n" + verdict(wrong))
	return s.String()
}

func omission(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d left out: no disk could be mounted)", n)
}

func verdict(wrong []ledger.Discrepancy) string {
	if len(wrong) == 0 {
		return "PASS: the books are right\n"
	}
	s := fmt.Sprintf("FAIL: %d discrepancies\n", len(wrong))
	for _, d := range wrong[:min(len(wrong), shown)] {
		s += "  " + d.String() + "\n"
	}
	if len(wrong) > shown {
		s += fmt.Sprintf("  and %d more\n", len(wrong)-shown)
	}
	return s
}
