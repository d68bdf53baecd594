package sheet

import (
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/importer/ical"
	"taskmaster/internal/task"
)

// priority reads a word, or a number of TickTick. The meaning of other numbers is not known.
func (r *reader) priority(b *importer.Builder, v string) {
	numbers := map[string]task.Priority{"0": "", "1": task.PriorityLow, "3": task.PriorityMedium, "5": task.PriorityHigh}
	words := map[string]task.Priority{
		"": "", "none": "", "normal": "", "keine": "", "aucune": "", "ninguna": "",
		"low": task.PriorityLow, "niedrig": task.PriorityLow, "basse": task.PriorityLow, "faible": task.PriorityLow, "baja": task.PriorityLow,
		"medium": task.PriorityMedium, "mittel": task.PriorityMedium, "moyenne": task.PriorityMedium, "media": task.PriorityMedium,
		"high": task.PriorityHigh, "hoch": task.PriorityHigh, "haute": task.PriorityHigh, "élevée": task.PriorityHigh, "alta": task.PriorityHigh, "urgent": task.PriorityHigh,
	}
	if p, ok := numbers[v]; ok && r.ticktick {
		b.Task.Priority = p
	} else if p, ok := words[strings.ToLower(v)]; ok {
		b.Task.Priority = p
	} else {
		b.Keep("Priority", v, "the priority is not low, medium or high")
	}
}

// due reads the date, with the time of a column of its own.
func (r *reader) due(b *importer.Builder, row csvfile.Row, zone *time.Location) {
	v := r.get(row, FieldDue)
	if v == "" || v == "0/0/00" {
		return
	}
	if clock := r.get(row, FieldDueTime); clock != "" {
		v += " " + clock
	}
	at, wholeDay, ok := r.order.parse(v, zone)
	switch {
	case !ok:
		reason := "the date cannot be read"
		if r.order == ambiguous && strings.Contains(v, "/") {
			reason = "the date can be read in two ways, write it as 2026-12-31"
		}
		b.Keep("Due", v, reason)
	case wholeDay || yes(r.get(row, FieldAllDay)):
		b.Task.DueOn = new(task.DateOf(at.In(zone)))
	default:
		b.Task.DueAt = &at
	}
}

// yes reports whether a value means yes or done.
func yes(v string) bool {
	switch strings.ToLower(v) {
	case "true", "yes", "y", "x", "1", "100", "100%", "on", "done", "complete", "completed", "finished", "closed", "ja", "wahr", "erledigt", "abgeschlossen", "fertig",
		"oui", "vrai", "terminé", "terminée", "fait", "sí", "si", "verdadero", "completado", "completada", "hecho", "✓", "✔":
		return true
	}
	return false
}

// completed reads the state. TickTick has 0 for open, 1 for completed, 2 for archived and -1 for
// abandoned.
func (r *reader) completed(b *importer.Builder, row csvfile.Row, zone *time.Location) {
	state, when := r.get(row, FieldCompleted), r.get(row, FieldCompletedAt)
	at, _, dated := r.order.parse(when, zone)
	if !dated {
		// A column "completed" can have the date.
		at, _, dated = r.order.parse(state, zone)
	}
	b.Task.Completed = yes(state) || dated || r.ticktick && (state == "2" || state == "-1")
	if r.ticktick && state == "-1" {
		b.Task.Tags = append(b.Task.Tags, "cancelled")
	}
	if r.ticktick && state == "0" {
		b.Task.Completed, dated = false, false
	}
	if dated {
		b.Task.CompletedAt = &at
	}
}

// repeat reads an RRULE. importer.Mend keeps one that is not valid.
func (r *reader) repeat(b *importer.Builder, v string) {
	if v == "" || b.Task.Completed {
		return
	}
	rule, _, _ := strings.Cut(strings.TrimPrefix(strings.ToUpper(v), "RRULE:"), "\n")
	var parts []string
	for part := range strings.SplitSeq(strings.TrimRight(rule, "; "), ";") {
		if strings.HasPrefix(part, "TT_") {
			b.Note("the part %s of the recurrence is left out", importer.Shorten(part))
			continue
		}
		parts = append(parts, part)
	}
	rule = strings.Join(parts, ";")
	if _, due := b.Task.Due(); !due {
		b.Keep("Repeats", v, "a task has to be due to repeat")
		return
	}
	b.Task.Recurrence = &task.Recurrence{RRule: rule}
}

// reminders reads durations (RFC 5545 section 3.8.6.3) after the due time, or after the midnight of
// a whole day.
func (r *reader) reminders(b *importer.Builder, v string) {
	if r.ticktick {
		b.Task.Reminders = []task.Reminder{}
	}
	if v == "" {
		return
	}
	_, due := b.Task.Due()
	midnight := time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC) // of any day
	for one := range strings.FieldsFuncSeq(v, func(c rune) bool { return c == ',' || c == ';' || c == '\n' || c == ' ' }) {
		distance, ok := ical.ParseDuration(strings.TrimPrefix(strings.ToUpper(one), "TRIGGER:"))
		minutes := -int(distance / time.Minute)
		switch {
		case !ok || !due || len(b.Task.Reminders) == task.MaxReminders:
			b.Keep("Reminder", one, "the reminder cannot be read")
		case b.Task.DueOn != nil:
			at := midnight.Add(distance)
			days := int(midnight.Sub(task.DateOf(at).Midnight()) / (24 * time.Hour))
			if days < 0 {
				b.Keep("Reminder", one, "a reminder after the day is not possible")
				continue
			}
			b.Task.Reminders = append(b.Task.Reminders, task.Reminder{DaysBefore: &days, TimeOfDay: at.Format("15:04")})
		case minutes < 0:
			b.Keep("Reminder", one, "a reminder after the due time is not possible")
		default:
			b.Task.Reminders = append(b.Task.Reminders, task.Reminder{MinutesBefore: &minutes})
		}
	}
}

// order is the order of day and month in dates with slashes.
type order int

const (
	ambiguous order = iota
	dayFirst
	monthFirst
)

// orderOf returns the order that all dates of a file show: in 13/5/2026 the day is first.
func orderOf(rows []csvfile.Row, fields []Field) order {
	day, month := false, false
	for _, row := range rows {
		for i, field := range fields {
			if field != FieldDue && field != FieldCompletedAt && field != FieldCreatedAt {
				continue
			}
			first, rest, _ := strings.Cut(row.Get(i), "/")
			second, _, ok := strings.Cut(rest, "/")
			day = day || ok && len(first) == 2 && first > "12" && first <= "31"
			month = month || ok && len(second) == 2 && second > "12" && second <= "31"
		}
	}
	switch {
	case day && !month:
		return dayFirst
	case month && !day:
		return monthFirst
	}
	return ambiguous
}

// parse reads a date, or a date and a time. A time without a zone is one of zone.
func (o order) parse(text string, zone *time.Location) (at time.Time, wholeDay, ok bool) {
	if len(text) < len("1.1.26") || len(text) > 60 {
		return time.Time{}, false, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05 MST"} {
		if at, err := time.Parse(layout, text); err == nil && inRange(at) {
			return at, false, true
		}
	}
	dates := []string{time.DateOnly, "2006/1/2", "20060102", "2.1.2006", "2.1.06", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "Mon, Jan 2, 2006"}
	switch o {
	case dayFirst:
		dates = append(dates, "2/1/2006", "2/1/06")
	case monthFirst:
		dates = append(dates, "1/2/2006", "1/2/06")
	case ambiguous: // a date with slashes is not read
	}
	for _, date := range dates {
		if local, err := time.Parse(date, text); err == nil && inRange(local) {
			return task.Instant(local, zone), true, true
		}
		for _, clock := range []string{"T15:04:05", "T15:04", " 15:04:05", " 15:04", " 3:04 PM", " 3:04:05 PM", " 3:04PM"} {
			if local, err := time.Parse(date+clock, text); err == nil && inRange(local) {
				return task.Instant(local, zone), false, true
			}
		}
	}
	if o == ambiguous && sameDayAndMonth(text) {
		return dayFirst.parse(text, zone)
	}
	return time.Time{}, false, false
}

// sameDayAndMonth reports whether a date such as 5/5/2026 is the same in both orders.
func sameDayAndMonth(text string) bool {
	first, rest, _ := strings.Cut(text, "/")
	second, _, ok := strings.Cut(rest, "/")
	return ok && strings.TrimPrefix(first, "0") == strings.TrimPrefix(second, "0")
}

func inRange(t time.Time) bool { return t.Year() >= 1971 && t.Year() <= 9998 }
