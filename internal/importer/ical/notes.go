package ical

import (
	"strconv"
	"strings"
	"time"
)

// note adds a message about a part of the entry that a task cannot hold.
func (r *reader) note(format string, args ...any) {
	r.b.Note(format, args...)
}

// leftOut adds messages about the parts that the other methods could not use. It must be called
// last.
func (r *reader) leftOut() {
	for _, line := range r.broken {
		r.b.Write(line.text)
		r.note("%s: it is in the description", line.message)
	}
	if p, ok := r.get("RELATED-TO"); ok && p.value != "" {
		r.note("there are no sub-tasks: it stands by itself")
	}
	_, repeats := r.get("RRULE")
	if _, due := r.t.Due(); repeats && !due {
		r.note("repeats but has no date: it does not repeat here")
	}
	if _, ok := r.get("RDATE"); ok {
		r.note("additional dates of the series are left out")
	}
	if start, due := r.at("DTSTART"), r.at("DUE"); start != nil && due != nil && !start.at.Equal(due.at) {
		left := start
		if r.started {
			left = due
		}
		layout := "2006-01-02 15:04"
		if left.allDay {
			layout = time.DateOnly
		}
		r.note("a task has only a due date: %s is left out", left.at.In(r.account).Format(layout))
	}
	p, _ := r.get("PERCENT-COMPLETE")
	if done, err := strconv.Atoi(strings.TrimSpace(p.value)); err == nil && done > 0 && done < 100 && !r.t.Completed {
		r.note("a task has no progress: %d %% is left out", done)
	}
	for _, p := range r.properties {
		if p.name == "ATTACH" && !isLink(p.value) {
			r.note("an attached file is left out")
		}
	}
}

func isLink(value string) bool {
	return strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://")
}

// others counts the events and journal entries of iCalendar data, which are not tasks. It reports
// whether there are entries for single dates of a series.
func others(data []byte) (n int, exceptions bool) {
	for l := newLines(data); ; {
		text, ok := l.scan()
		if !ok {
			return n, exceptions
		}
		const name = "RECURRENCE-ID"
		exceptions = exceptions || len(text) > len(name) && strings.EqualFold(text[:len(name)], name)
		switch upper(text) {
		case "BEGIN:VEVENT", "BEGIN:VJOURNAL":
			n++
		}
	}
}
