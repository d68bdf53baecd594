package ical

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// moment is a DATE or DATE-TIME value.
type moment struct {
	at time.Time
	// zone is the IANA zone of the value, or "" if the value has none.
	zone string
	// allDay reports whether the value is a date. at is then its first instant in the account's
	// zone.
	allDay bool
}

// moment reads a property. It returns false if there is none. The error completes a sentence about
// the property.
func (z zones) moment(c component, name string) (moment, bool, error) {
	p, ok := c.get(name)
	if !ok || p.value == "" {
		return moment{}, false, nil
	}
	m, err := z.parse(strings.ToUpper(strings.TrimSpace(p.value)), p.param("TZID"))
	if err != nil {
		err = fmt.Errorf("%s %w", name, err)
	}
	return m, err == nil, err
}

func (z zones) parse(value, tzid string) (moment, error) {
	if t, err := time.Parse(formUTC, value); err == nil {
		return moment{at: t}, nil
	}
	if t, err := time.Parse(formDate, value); err == nil {
		return moment{at: task.Instant(t, z.account), allDay: true}, nil
	}
	local, err := time.Parse(formLocal, value)
	if err != nil {
		return moment{}, fmt.Errorf("is %q, not a time such as 20260210T150000Z", value)
	}
	if tzid == "" {
		return moment{at: task.Instant(local, z.account)}, nil
	}
	name, at, ok := z.find(tzid, local)
	if !ok {
		return moment{}, fmt.Errorf("has the TZID %q, which is not an IANA time zone such as Europe/Berlin", tzid)
	}
	return moment{at: at, zone: name}, nil
}

// maxDuration is longer than any meaningful duration, in seconds.
const maxDuration = 100 * 365 * 24 * 3600

// ParseDuration parses a DURATION value (RFC 5545 section 3.3.6): P1DT2H, -PT15M, P2W.
func ParseDuration(value string) (time.Duration, bool) {
	s := strings.ToUpper(strings.TrimSpace(value))
	sign := 1
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s, sign = rest, -1
	}
	s, ok := strings.CutPrefix(strings.TrimPrefix(s, "+"), "P")
	if !ok || s == "" {
		return 0, false
	}
	units := map[byte]int{'W': 7 * 24 * 3600, 'D': 24 * 3600}
	total := 0
	for s != "" {
		if rest, ok := strings.CutPrefix(s, "T"); ok && units['S'] == 0 {
			s, units = rest, map[byte]int{'H': 3600, 'M': 60, 'S': 1}
		}
		digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 || units[s[digits]] == 0 {
			return 0, false
		}
		n, err := strconv.Atoi(s[:digits])
		if err != nil || n > maxDuration/units[s[digits]] {
			return 0, false
		}
		total += n * units[s[digits]]
		s = s[digits+1:]
	}
	return time.Duration(sign*total) * time.Second, true
}
