package ical

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// description is the content of a VTIMEZONE.
type description struct {
	location string // X-LIC-LOCATION, often an IANA name
	onsets   []onset
}

// onset is a STANDARD or DAYLIGHT component: the offset of the clock from a local time on.
type onset struct {
	start    time.Time // zero if DTSTART is missing
	from, to int       // seconds east of UTC
	dates    []time.Time
	rule     map[string]string // nil without RRULE
}

func describe(c component) description {
	d := description{location: c.text("X-LIC-LOCATION")}
	for _, child := range c.children {
		to, _ := child.get("TZOFFSETTO")
		offset, ok := parseOffset(strings.TrimSpace(to.value))
		if !ok {
			continue
		}
		o := onset{to: offset, from: offset}
		from, _ := child.get("TZOFFSETFROM")
		if offset, ok := parseOffset(strings.TrimSpace(from.value)); ok {
			o.from = offset
		}
		start, _ := child.get("DTSTART")
		o.start, _ = time.Parse(formLocal, strings.TrimSpace(start.value))
		for _, p := range child.properties {
			if p.name != "RDATE" {
				continue
			}
			for value := range strings.SplitSeq(p.value, ",") {
				if at, err := time.Parse(formLocal, strings.TrimSpace(value)); err == nil {
					o.dates = append(o.dates, at)
				}
			}
		}
		if p, ok := child.get("RRULE"); ok {
			o.rule = map[string]string{}
			for part := range strings.SplitSeq(upper(p.value), ";") {
				name, value, _ := strings.Cut(part, "=")
				o.rule[name] = value
			}
		}
		d.onsets = append(d.onsets, o)
	}
	return d
}

// dated reports whether each part of the description has a start, so that it names the clock of the
// whole year.
func (d description) dated() bool {
	return len(d.onsets) > 0 && !slices.ContainsFunc(d.onsets, func(o onset) bool { return o.start.IsZero() })
}

// fixed returns the offset of a clock that has only one.
func (d description) fixed() (int, bool) {
	return d.onsets[0].to, !slices.ContainsFunc(d.onsets, func(o onset) bool { return o.to != d.onsets[0].to })
}

// offset returns the offset of the clock at a local time.
func (d description) offset(local time.Time) (int, bool) {
	var last, first time.Time
	offset, found := 0, false
	for _, o := range d.onsets {
		if at, ok := o.last(local); ok && (!found || at.After(last)) {
			last, offset, found = at, o.to, true
		}
	}
	if found {
		return offset, true
	}
	for _, o := range d.onsets { // before the first onset
		if first.IsZero() || o.start.Before(first) {
			first, offset = o.start, o.from
		}
	}
	return offset, len(d.onsets) > 0
}

// fits reports whether a zone has the clock of the description on each 5th and 20th of a year.
func (d description) fits(zone *time.Location, year int) bool {
	for month := time.January; month <= time.December; month++ {
		for _, day := range []int{5, 20} {
			local := time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
			want, _ := d.offset(local)
			if _, got := time.Date(year, month, day, 12, 0, 0, 0, zone).Zone(); got != want {
				return false
			}
		}
	}
	return true
}

// last returns the last onset up to a local time.
func (o onset) last(local time.Time) (last time.Time, ok bool) {
	candidates := append([]time.Time{o.start}, o.dates...)
	if o.rule != nil && o.rule["FREQ"] == "YEARLY" {
		for year := local.Year() - 1; year <= local.Year(); year++ {
			if at, ok := o.inYear(year); ok && at.After(o.start) && !o.over(at) {
				candidates = append(candidates, at)
			}
		}
	}
	for _, at := range candidates {
		if !at.After(local) && (!ok || at.After(last)) {
			last, ok = at, true
		}
	}
	return last, ok
}

// over reports whether an onset is after the UNTIL of the rule, which is in UTC.
func (o onset) over(at time.Time) bool {
	until, err := time.Parse(formUTC, o.rule["UNTIL"])
	return err == nil && at.Add(-time.Duration(o.from)*time.Second).After(until)
}

// inYear returns the onset of a yearly rule: a day of a month, by its number (BYMONTHDAY), its
// weekday (BYDAY=-1SU), or both (BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU).
func (o onset) inYear(year int) (time.Time, bool) {
	month := o.start.Month()
	if n, err := strconv.Atoi(o.rule["BYMONTH"]); err == nil {
		month = time.Month(n)
	}
	position, weekday := 0, ""
	if day := o.rule["BYDAY"]; len(day) >= 2 {
		position, _ = strconv.Atoi(strings.TrimPrefix(day[:len(day)-2], "+")) // 0 without a number
		weekday = day[len(day)-2:]
	}
	var days []time.Time
	for day := time.Date(year, month, 1, o.start.Hour(), o.start.Minute(), o.start.Second(), 0, time.UTC); day.Month() == month; day = day.AddDate(0, 0, 1) {
		if weekday != "" && !strings.EqualFold(day.Weekday().String()[:2], weekday) {
			continue
		}
		if numbers := o.rule["BYMONTHDAY"]; numbers != "" && !slices.Contains(strings.Split(numbers, ","), strconv.Itoa(day.Day())) {
			continue
		}
		if weekday == "" && o.rule["BYMONTHDAY"] == "" && day.Day() != o.start.Day() {
			continue
		}
		days = append(days, day)
	}
	i := max(position, 1) - 1
	if position < 0 {
		i = len(days) + position
	}
	if i < 0 || i >= len(days) {
		return time.Time{}, false
	}
	return days[i], true
}
