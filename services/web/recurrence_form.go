package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// repeatForm holds the fields of a recurrence in the task form.
type repeatForm struct {
	// Freq is daily, weekly, monthly or yearly. It is "rule" for an RRULE that does not fit the
	// fields, and "" for no recurrence.
	Freq, Interval string
	// Weekdays are the days of a weekly recurrence: MO, TU, ...
	Weekdays []string
	// MonthBy is date or weekday. "date" uses MonthDay ("1" to "31" or "last"). "weekday" uses Nth
	// ("1" to "4" or "-1") and NthDay.
	MonthBy, MonthDay, Nth, NthDay string
	Rule                           string
	// End is never, date or count.
	End, EndDate, Count string
	Anchor, Missed      string
	// exDates are the occurrences that the series leaves out. The form does not show them.
	exDates []time.Time
}

var weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

// weekdayOf returns the name of a day in a rule.
func weekdayOf(t time.Time) string { return weekdays[weekdayFrom(time.Monday, t.Weekday())] }

// newRepeatForm returns the form of a recurrence. Without a recurrence, it returns defaults that
// fit the task's due date.
func newRepeatForm(r *task.Recurrence, due time.Time) repeatForm {
	f := repeatForm{
		Interval: "1", Weekdays: []string{weekdayOf(due)}, MonthBy: "date", MonthDay: strconv.Itoa(due.Day()),
		Nth: strconv.Itoa((due.Day()-1)/7 + 1), NthDay: weekdayOf(due), End: "never", Anchor: task.AnchorDue, Missed: task.MissedSkip,
	}
	if f.Nth == "5" {
		f.Nth = "-1"
	}
	if r == nil {
		return f
	}
	f.Anchor, f.Missed, f.Rule, f.exDates = r.Anchor, r.Missed, r.RRule, r.ExDates
	if r.DTStart != nil {
		due = r.DTStart.In(due.Location())
	}
	parts, _ := r.RuleParts()
	if !f.read(parts, due) {
		f.Freq = "rule"
	}
	if count := parts["COUNT"]; count != "" && f.Freq != "rule" {
		f.End, f.Count = "count", count
	}
	if until := parts["UNTIL"]; len(until) >= 8 && f.Freq != "rule" {
		f.End, f.EndDate = "date", until[:4]+"-"+until[4:6]+"-"+until[6:8]
		if at, err := time.Parse("20060102T150405Z", until); err == nil {
			f.EndDate = at.In(due.Location()).Format(time.DateOnly)
		}
	}
	if r.EndAt != nil {
		f.End, f.EndDate = "date", r.EndAt.In(due.Location()).Format(time.DateOnly)
	}
	return f
}

// read fills in the fields from a rule whose series begins at start. It returns false when the rule
// does not fit the fields.
func (f *repeatForm) read(parts map[string]string, start time.Time) bool {
	f.Freq = strings.ToLower(parts["FREQ"])
	if n := parts["INTERVAL"]; n != "" {
		f.Interval = n
	}
	by := map[string]string{}
	for name, value := range parts {
		switch name {
		case "FREQ", "INTERVAL", "COUNT", "UNTIL":
		case "WKST":
			if value != "MO" {
				return false
			}
		default:
			by[name] = value
		}
	}
	if len(by) == 0 {
		if f.Freq == "weekly" {
			f.Weekdays = []string{weekdayOf(start)}
		}
		f.MonthDay = strconv.Itoa(start.Day())
		return true
	}
	if f.Anchor == task.AnchorCompletion {
		return false
	}
	switch f.Freq {
	case "weekly":
		f.Weekdays = strings.Split(by["BYDAY"], ",")
		return len(by) == 1 && !slices.ContainsFunc(f.Weekdays, func(day string) bool { return !slices.Contains(weekdays, day) })
	case "monthly":
		return f.readMonthDay(by) || f.readNthDay(by)
	case "yearly":
		return len(by) == 2 && by["BYMONTH"] == strconv.Itoa(int(start.Month())) && by["BYMONTHDAY"] == strconv.Itoa(start.Day())
	}
	return false
}

func (f *repeatForm) readMonthDay(by map[string]string) bool {
	f.MonthBy = "date"
	days := by["BYMONTHDAY"]
	if len(by) == 2 && by["BYSETPOS"] == "-1" && strings.HasPrefix(days, "28,") {
		last := days[strings.LastIndex(days, ",")+1:]
		f.MonthDay = last
		return days == upTo(last)
	}
	f.MonthDay = days
	if days == "-1" {
		f.MonthDay = "last"
	}
	n, err := strconv.Atoi(days)
	return len(by) == 1 && err == nil && (n == -1 || n >= 1 && n <= 28)
}

func (f *repeatForm) readNthDay(by map[string]string) bool {
	day := by["BYDAY"]
	if len(by) == 2 && by["BYSETPOS"] != "" {
		day = by["BYSETPOS"] + day
	} else if len(by) != 1 {
		return false
	}
	if len(day) < 3 {
		return false
	}
	f.MonthBy, f.Nth, f.NthDay = "weekday", day[:len(day)-2], day[len(day)-2:]
	return slices.Contains([]string{"1", "2", "3", "4", "-1"}, f.Nth) && slices.Contains(weekdays, f.NthDay)
}

// upTo lists the days from the 28th to day. With BYSETPOS=-1, they mean the last of these days in
// each month.
func upTo(day string) string {
	last, err := strconv.Atoi(day)
	if err != nil {
		return ""
	}
	var days []string
	for n := 28; n <= last; n++ {
		days = append(days, strconv.Itoa(n))
	}
	return strings.Join(days, ",")
}

// readRepeatForm reads the fields that a browser sent.
func readRepeatForm(values url.Values) repeatForm {
	f := repeatForm{
		Freq: values.Get("freq"), Interval: values.Get("interval"), Weekdays: values["weekday"], MonthBy: values.Get("month_by"),
		MonthDay: values.Get("month_day"), Nth: values.Get("nth"), NthDay: values.Get("nth_day"), Rule: strings.TrimSpace(values.Get("rule")),
		End: values.Get("end"), EndDate: values.Get("end_date"), Count: values.Get("count"), Anchor: values.Get("anchor"), Missed: values.Get("missed"),
	}
	return f
}

// recurrence returns the recurrence in the form, for a task that is due at an instant. It returns
// nil when the task does not repeat.
func (f repeatForm) recurrence(due *time.Time, zone *time.Location) (*task.Recurrence, error) {
	if f.Freq == "" {
		return nil, nil
	}
	if due == nil {
		return nil, errors.New("needs a day to start from: say when the task is due")
	}
	r := &task.Recurrence{RRule: f.Rule, Anchor: f.Anchor, Missed: f.Missed}
	if f.Freq != "rule" {
		r.RRule = f.rrule(due.In(zone))
	}
	switch f.End {
	case "count":
		if n, err := strconv.Atoi(f.Count); err != nil || n < 1 {
			return nil, fmt.Errorf("is to end after %q times, which is not a number", f.Count)
		}
		if f.Freq == "rule" {
			return nil, fmt.Errorf("has its number of times in the rule: add ;COUNT=%s to it", f.Count)
		}
		r.RRule += ";COUNT=" + f.Count
	case "date":
		day, err := time.Parse(time.DateOnly, f.EndDate)
		if err != nil {
			return nil, fmt.Errorf("is to end on %q, which is not a day such as 2026-12-31", f.EndDate)
		}
		end := task.Instant(day.AddDate(0, 0, 1).Add(-time.Second), zone).UTC()
		r.EndAt = &end
	}
	return r, nil
}

// rrule returns the rule without its end. A recurrence that counts from completion names no days.
func (f repeatForm) rrule(due time.Time) string {
	rule := "FREQ=" + strings.ToUpper(f.Freq)
	if f.Interval != "" && f.Interval != "1" {
		rule += ";INTERVAL=" + f.Interval
	}
	if f.Anchor == task.AnchorCompletion {
		return rule
	}
	switch {
	case f.Freq == "weekly" && len(f.Weekdays) > 0:
		rule += ";BYDAY=" + strings.Join(f.Weekdays, ",")
	case f.Freq == "monthly" && f.MonthBy == "weekday":
		rule += ";BYDAY=" + f.Nth + f.NthDay
	case f.Freq == "monthly":
		rule += monthDayRule(f.MonthDay)
	case f.Freq == "yearly":
		rule += fmt.Sprintf(";BYMONTH=%d", due.Month())
		if due.Month() == time.February && due.Day() == 29 {
			return rule + ";BYMONTHDAY=28,29;BYSETPOS=-1"
		}
		rule += fmt.Sprintf(";BYMONTHDAY=%d", due.Day())
	}
	return rule
}

// monthDayRule returns the rule part for a day of every month. In shorter months it means the last
// day.
func monthDayRule(day string) string {
	if day == "last" {
		return ";BYMONTHDAY=-1"
	}
	if n, err := strconv.Atoi(day); err == nil && n > 28 {
		return ";BYMONTHDAY=" + upTo(day) + ";BYSETPOS=-1"
	}
	return ";BYMONTHDAY=" + day
}

// text returns all relevant fields as one text for comparisons.
func (f repeatForm) text() string {
	if f.Freq == "" {
		return ""
	}
	parts := []string{f.Freq, f.Anchor, f.Missed, f.End}
	switch f.End {
	case "date":
		parts = append(parts, f.EndDate)
	case "count":
		parts = append(parts, f.Count)
	}
	if f.Freq == "rule" {
		return strings.Join(append(parts, f.Rule), " ")
	}
	parts = append(parts, f.Interval)
	switch {
	case f.Anchor == task.AnchorCompletion:
	case f.Freq == "weekly":
		days := slices.Clone(f.Weekdays)
		slices.Sort(days)
		parts = append(parts, days...)
	case f.Freq == "monthly" && f.MonthBy == "weekday":
		parts = append(parts, f.Nth, f.NthDay)
	case f.Freq == "monthly":
		parts = append(parts, f.MonthDay)
	}
	return strings.Join(parts, " ")
}
