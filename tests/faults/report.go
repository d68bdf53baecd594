package main

import (
	"fmt"
	"strings"
	"time"

	"taskmaster/tests/ledger"
)

// report returns the numbers of the run as Markdown, and PASS or the discrepancies.
func (f *faults) report(broken, took time.Duration, wrong []ledger.Discrepancy) string {
	var s strings.Builder
	s.WriteString("\n| | |\n|---|--:|\n")
	row := func(what string, format string, args ...any) {
		fmt.Fprintf(&s, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	row("broker, seed, pace", "%s, %d, %v", f.broker, f.seed, f.pace)
	row("people", "%d", f.users)
	row("length, of that with faults", "%s, %s", took.Round(time.Second), broken.Round(time.Second))
	totals := f.people.Totals()
	got := f.books.Tally()
	row("changes answered", "%d", totals.Changes)
	row("requests sent again", "%d", totals.Retries)
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
	total := 0
	for _, k := range kinds {
		row("faults: "+string(k), "%d%s", f.done[k], omission(f.omitted[k]))
		total += f.done[k]
	}
	row("faults in all", "%d", total)
	row("longest from a fault's end until events flowed", "%.1f s (%s %s)", f.recovery.Seconds(), f.slowest.kind, f.slowest.victim)
	s.WriteString("\n" + ledger.Verdict(wrong))
	return s.String()
}

func omission(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d left out: no disk could be mounted)", n)
}
