package ical

import (
	"fmt"
	"strings"
	"time"
)

// The range of years in a VTIMEZONE: from firstYear to yearsAhead years after the current time.
const (
	firstYear  = 1970
	yearsAhead = 25
)

// observance is the state of a zone's clock after a change of its offset.
type observance struct {
	from, to int // seconds east of UTC
	name     string
	dst      bool
}

// timezone writes a VTIMEZONE: each observance with all the local times at which it began. Most
// programs know the zone by its name and do not need it.
func (w *Writer) timezone(name string, zone *time.Location) {
	at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, zone)
	last := w.now.AddDate(yearsAhead, 0, 0)
	current := observe(at)
	current.from = current.to
	order, onsets := []observance{current}, map[observance][]string{current: {at.Format(formLocal)}}
	for {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(last) {
			break
		}
		if !end.After(at) {
			// On the last day of a leap year that only the zone's rule covers, Go returns an end
			// that has passed.
			end = at.Add(24 * time.Hour)
		}
		at = end
		next := observe(at)
		if next.from = current.to; next == (observance{current.to, current.to, current.name, current.dst}) {
			continue
		}
		if _, known := onsets[next]; !known {
			order = append(order, next)
		}
		// An onset is a local time before the change (RFC 5545 section 3.6.5).
		onsets[next] = append(onsets[next], at.In(time.FixedZone("", current.to)).Format(formLocal))
		current = next
	}

	w.line("BEGIN:VTIMEZONE")
	w.line("TZID:" + name)
	for _, o := range order {
		kind := "STANDARD"
		if o.dst {
			kind = "DAYLIGHT"
		}
		w.line("BEGIN:" + kind)
		w.line("DTSTART:" + onsets[o][0])
		if more := onsets[o][1:]; len(more) > 0 {
			w.line("RDATE:" + strings.Join(more, ","))
		}
		w.line("TZOFFSETFROM:" + utcOffset(o.from))
		w.line("TZOFFSETTO:" + utcOffset(o.to))
		w.text("TZNAME", o.name)
		w.line("END:" + kind)
	}
	w.line("END:VTIMEZONE")
}

// observe returns the state of the clock at an instant, without the previous offset.
func observe(at time.Time) observance {
	name, offset := at.Zone()
	return observance{to: offset, name: name, dst: at.IsDST()}
}

// utcOffset formats seconds east of UTC: +0130, -004430.
func utcOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		s += fmt.Sprintf("%02d", seconds%60)
	}
	return s
}

// parseOffset parses the format of utcOffset.
func parseOffset(s string) (int, bool) {
	sign := 1
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	digits := strings.TrimLeft(s, "+-")
	var h, m, sec int
	switch len(digits) {
	case 4:
		if _, err := fmt.Sscanf(digits, "%02d%02d", &h, &m); err != nil {
			return 0, false
		}
	case 6:
		if _, err := fmt.Sscanf(digits, "%02d%02d%02d", &h, &m, &sec); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return sign * (h*3600 + m*60 + sec), true
}
