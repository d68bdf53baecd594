package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table holds the measurements. It prints them as Markdown.
type table struct {
	rows   []row
	memory []string
	extra  []string // further tables
	notes  []string
}

type row struct {
	what, aim string
	rate      float64 // per second; 0 if there is none
	sorted    []time.Duration
	// done is the number of actions that took elapsed together. It is 0 for a row with samples.
	done    int
	elapsed time.Duration
}

func newRow(what, aim string, rate float64, samples []time.Duration) row {
	samples = slices.Clone(samples)
	slices.Sort(samples)
	return row{what: what, aim: aim, rate: rate, sorted: samples}
}

// add adds a measurement.
func (t *table) add(what, aim string, samples ...time.Duration) {
	t.addRate(what, aim, 0, samples...)
}

// addRate adds a measurement of actions at a rate per second.
func (t *table) addRate(what, aim string, rate float64, samples ...time.Duration) {
	t.rows = append(t.rows, newRow(what, aim, rate, samples))
}

// addDone adds the total duration of a number of actions.
func (t *table) addDone(what, aim string, n int, elapsed time.Duration) {
	t.rows = append(t.rows, row{what: what, aim: aim, rate: float64(n) / elapsed.Seconds(), done: n, elapsed: elapsed})
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// difference describes how much higher the percentiles of a row are than those of another. Rows
// count from the end; -1 is the last.
func (t *table) difference(row, less int) string {
	a, b := t.rows[len(t.rows)+row], t.rows[len(t.rows)+less]
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s", readable(a.at(50)-b.at(50)), readable(a.at(95)-b.at(95)), readable(a.at(99)-b.at(99)))
}

// at returns a percentile.
func (r row) at(percent float64) time.Duration {
	return r.sorted[int(float64(len(r.sorted)-1)*percent/100)]
}

// String returns the table.
func (t *table) String() string {
	var s strings.Builder
	s.WriteString("\n| measured | n | per second | p50 | p95 | p99 | max | aim |\n|---|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range t.rows {
		rate := ""
		if r.rate > 0 {
			rate = fmt.Sprintf("%.0f", r.rate)
		}
		switch n := len(r.sorted); {
		case r.done > 0:
			fmt.Fprintf(&s, "| %s | %d | %s | | | | %s | %s |\n", r.what, r.done, rate, readable(r.elapsed), r.aim)
		case n == 0:
			fmt.Fprintf(&s, "| %s | 0 | %s | | | | | %s |\n", r.what, rate, r.aim)
		case n == 1:
			fmt.Fprintf(&s, "| %s | 1 | %s | %s | | | | %s |\n", r.what, rate, readable(r.sorted[0]), r.aim)
		default:
			fmt.Fprintf(&s, "| %s | %d | %s | %s | %s | %s | %s | %s |\n", r.what, n, rate,
				readable(r.at(50)), readable(r.at(95)), readable(r.at(99)), readable(r.at(100)), r.aim)
		}
	}
	s.WriteString("\n" + strings.Join(t.memory, "\n") + "\n")
	s.WriteString(strings.Join(t.extra, "\n") + "\n")
	for _, note := range t.notes {
		s.WriteString("\n- " + note)
	}
	return s.String() + "\n"
}

// readable rounds to about three digits.
func readable(d time.Duration) string {
	switch {
	case d.Abs() >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d.Abs() >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d.Abs() >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
