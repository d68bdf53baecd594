package phrase

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// Say describes a valid recurrence of a task that is due at an instant, in zone: "every month on
// the 1st at 09:00". It returns the rule itself when a sentence would be too long.
func Say(r task.Recurrence, due time.Time, zone *time.Location) string {
	start := due
	if r.DTStart != nil {
		start = *r.DTStart
	}
	return say(r, start.In(zone), zone, " at "+start.In(zone).Format("15:04"))
}

// SayDays describes a valid recurrence of a task that is due on a whole day: "every month on the
// 1st".
func SayDays(r task.Recurrence, on task.Date) string {
	start := on.Midnight()
	if r.DTStart != nil {
		start = *r.DTStart
	}
	return say(r, start.UTC(), time.UTC, "")
}

// SayTask describes the recurrence of a task in the task's time zone. It returns "" without one.
func SayTask(t task.Task) string {
	if t.Recurrence == nil {
		return ""
	}
	if t.DueOn != nil {
		return SayDays(*t.Recurrence, *t.DueOn)
	}
	if t.DueAt == nil {
		return ""
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		return t.Recurrence.RRule // a zone that this machine does not know
	}
	return Say(*t.Recurrence, *t.DueAt, zone)
}

// say describes a recurrence from a start on, with the words for its time of day.
func say(r task.Recurrence, start time.Time, zone *time.Location, timeOfDay string) string {
	named, shorthand := r.RuleParts()
	parts := ruleText(named)
	pattern, ok := parts.pattern(start, shorthand)
	times, plain := parts.times(start, timeOfDay)
	if !ok || !plain {
		return "by the rule " + r.RRule
	}
	said := pattern + times
	if r.Anchor == task.AnchorCompletion {
		said += ", counted from when it is done"
	}
	if n := parts["COUNT"]; n == "1" {
		said += ", once"
	} else if n != "" {
		said += ", " + n + " times"
	}
	end := r.EndAt
	if last, ok := parts.until(zone); ok && (end == nil || last.Before(*end)) {
		end = &last
	}
	if end != nil {
		said += ", until " + end.In(zone).Format("2 January 2006")
	}
	return said
}

// until returns the UNTIL of a rule, which is in UTC or a wall time.
func (r ruleText) until(zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{"20060102T150405Z", "20060102T150405", "20060102"} {
		in := zone
		if strings.HasSuffix(layout, "Z") {
			in = time.UTC
		}
		if last, err := time.ParseInLocation(layout, r["UNTIL"], in); err == nil {
			return last, true
		}
	}
	return time.Time{}, false
}

// ruleText holds the parts of an RRULE by name.
type ruleText map[string]string

// pattern describes the days of a rule or a shorthand. It returns false when the rule has an unsupported part.
func (r ruleText) pattern(start time.Time, shorthand bool) (string, bool) {
	for name := range r {
		if !slices.Contains([]string{"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYHOUR", "COUNT", "UNTIL", "WKST"}, name) {
			return "", false
		}
	}
	days, named, ok := r.days(start, shorthand)
	if !ok {
		return "", false
	}
	oneMonth := r["FREQ"] == "MONTHLY" && !strings.Contains(r["BYMONTH"], ",") // rather a yearly rule
	if r["BYMONTH"] != "" && r["FREQ"] != "YEARLY" && !oneMonth && (named || r["FREQ"] == "DAILY") {
		season, ok := r.season()
		all := maps.Clone(r)
		delete(all, "BYMONTH")
		said, plain := all.pattern(start, shorthand)
		return said + season, ok && plain
	}
	if r["BYMONTH"] != "" && r["FREQ"] != "YEARLY" {
		return "", false
	}
	switch r["FREQ"] {
	case "DAILY":
		if !named {
			return r.every("day"), true
		}
		return "every " + days, r["BYDAY"] != "" && r["INTERVAL"] == "" && !r.ordinals()
	case "WEEKLY":
		if r["BYMONTHDAY"] != "" {
			return "", false
		}
		if named && r.every("week") == "every week" {
			return "every " + days, true
		}
		return r.every("week") + " on " + days, true
	case "MONTHLY":
		return r.every("month") + " on the " + days, r["BYDAY"] == "" || r.ordinals()
	case "YEARLY":
		return r.year(start, days, named)
	}
	return "", false
}

func (r ruleText) every(unit string) string {
	switch n := r["INTERVAL"]; n {
	case "", "1":
		return "every " + unit
	case "2":
		return "every other " + unit
	default:
		return "every " + n + " " + unit + "s"
	}
}

// year describes a yearly rule.
func (r ruleText) year(start time.Time, days string, named bool) (string, bool) {
	month := start.Month()
	if text := r["BYMONTH"]; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return "", false // several months
		}
		month = time.Month(n)
	}
	switch {
	case !named:
		return fmt.Sprintf("%s on %d %s", r.every("year"), start.Day(), month), true
	case r["BYMONTH"] == "" || r["BYDAY"] != "" && !r.ordinals():
		return "", false
	}
	if day, err := strconv.Atoi(r["BYMONTHDAY"]); err == nil && day > 0 {
		return fmt.Sprintf("%s on %d %s", r.every("year"), day, month), true
	}
	return r.every("year") + " on the " + days + " of " + month.String(), true
}
