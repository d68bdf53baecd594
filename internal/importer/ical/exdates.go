package ical

import (
	"slices"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// maxOverrides is the maximum number of entries for single dates of one series. It bounds the work
// for the dates that the series then leaves out.
const maxOverrides = 2000

// overrides returns the RECURRENCE-ID of each VTODO that stands for one date of a series (RFC 5545
// section 3.8.4.4), by the UID of the series.
func overrides(data []byte) (map[string][]property, error) {
	found := map[string][]property{}
	err := scan(data, "VTODO", func(c component) error {
		uid := strings.TrimSpace(c.text("UID"))
		if p, ok := c.get("RECURRENCE-ID"); ok && uid != "" && len(found[uid]) < maxOverrides {
			found[uid] = append(found[uid], p)
		}
		return nil
	})
	return found, err
}

// exDates reads the occurrences that the series leaves out: those of EXDATE, and those that have an
// entry of their own. If they include the due date, the task is due at the next occurrence.
func (r *reader) exDates() {
	own := r.t.Recurrence
	own.ExDates = nil
	given := r.values("EXDATE")
	if skipped := len(given) - task.MaxExDates; skipped > 0 {
		r.note("a series leaves out at most %d dates: the first %d are not left out", task.MaxExDates, skipped)
		given = given[skipped:]
	}
	own.ExDates = r.occurrences("EXDATE", given)
	changed := r.occurrences("RECURRENCE-ID", r.changed)
	for _, p := range r.changed {
		if p.param("RANGE") != "" {
			r.note("a change of a date and all later ones is read as a change of that date alone")
			break
		}
	}
	due := r.leaveOut(append(slices.Clone(own.ExDates), changed...), len(changed) > 0)
	// Past dates need not be left out of the series that continues here.
	changed = slices.DeleteFunc(changed, func(at time.Time) bool { return at.Before(due) })
	slices.SortFunc(changed, time.Time.Compare)
	if room := task.MaxExDates - len(own.ExDates); len(changed) > room {
		r.note("a series leaves out at most %d dates: %d changed dates appear twice", task.MaxExDates, len(changed)-room)
		changed = changed[:room]
	}
	own.ExDates = append(own.ExDates, changed...) // own is no longer used if the series has ended
	slices.SortFunc(own.ExDates, time.Time.Compare)
}

// leaveOut moves the task to the first occurrence that is not left out, and returns that occurrence.
// changed reports whether dates of the series have entries of their own.
func (r *reader) leaveOut(excluded []time.Time, changed bool) time.Time {
	due, _ := r.t.Due()
	t := r.t
	t.Recurrence = new(*r.t.Recurrence)
	t.Recurrence.ExDates = excluded
	t.Normalize()
	at := due
	if t.DueOn != nil {
		at = t.DueOn.Midnight()
	}
	if !slices.ContainsFunc(t.Recurrence.ExDates, at.Equal) {
		return at
	}
	next, ok, err := task.NextTask(t, due)
	switch {
	case err != nil: // the recurrence is refused later
		return at
	case !ok && changed:
		r.replaced = true
		return at
	case !ok:
		r.t.Recurrence = nil
		r.note("all dates of the series are left out: it does not repeat here")
		return at
	}
	r.t.DueAt, r.t.DueOn, r.t.Occurrence, r.t.Recurrence.DTStart = next.DueAt, next.DueOn, next.Occurrence, t.Recurrence.DTStart
	r.t.Reminders = next.Reminders
	return *next.Occurrence
}

// values returns a property for each value of the lists of a name.
func (r *reader) values(name string) []property {
	var values []property
	for _, p := range r.properties {
		if p.name != name {
			continue
		}
		for value := range strings.SplitSeq(p.value, ",") {
			values = append(values, property{p.name, p.params, value})
		}
	}
	return values
}

// occurrences returns the occurrences that properties name.
func (r *reader) occurrences(name string, named []property) []time.Time {
	due, _ := r.t.Due()
	var found []time.Time
	for _, p := range named {
		m, err := r.parse(upper(p.value), p.param("TZID"))
		if err != nil {
			r.note("%s %v: it is left out", name, err)
			continue
		}
		found = append(found, r.occurrence(m, due))
	}
	return found
}

// occurrence returns the occurrence that an EXDATE or a RECURRENCE-ID means. A date means the
// occurrence of that day, and a time the whole day. The times of a file are those of DTSTART, and the
// occurrences here have the time of DUE.
func (r *reader) occurrence(m moment, due time.Time) time.Time {
	day := task.DateOf(m.at.In(r.account)).Midnight()
	if r.t.DueOn != nil {
		return day
	}
	zone, err := task.LoadZone(r.t.TimeZone)
	if err != nil {
		return m.at
	}
	local := due.In(zone)
	if m.allDay {
		return task.Instant(time.Date(day.Year(), day.Month(), day.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC), zone)
	}
	start := r.at("DTSTART")
	if start == nil || start.allDay || start.at.Equal(due) || m.at.Equal(due) {
		return m.at
	}
	wall := func(at time.Time) time.Time {
		at = at.In(zone)
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	}
	return task.Instant(wall(m.at).Add(wall(due).Sub(wall(start.at))), zone)
}
