package ical

import (
	"slices"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// zones maps the time zones of a file to IANA zones.
type zones struct {
	// account is the zone of dates and of floating times, which have no zone (RFC 5545 section
	// 3.3.5).
	account     *time.Location
	accountName string
	described   map[string]description
}

// description is the content of a VTIMEZONE.
type description struct {
	location string // X-LIC-LOCATION, often an IANA name
	offsets  []int  // all offsets of its clock
}

func readZones(data []byte, accountZone string) (zones, error) {
	account, err := task.LoadZone(accountZone)
	if err != nil {
		return zones{}, err
	}
	z := zones{account: account, accountName: accountZone, described: map[string]description{}}
	err = scan(data, "VTIMEZONE", func(c component) error {
		d := description{location: c.text("X-LIC-LOCATION")}
		for _, observance := range c.children {
			to, _ := observance.get("TZOFFSETTO")
			if offset, ok := parseOffset(strings.TrimSpace(to.value)); ok {
				d.offsets = append(d.offsets, offset)
			}
		}
		z.described[c.text("TZID")] = d
		return nil
	})
	return z, err
}

// find returns the zone of a TZID at a local time. It accepts an IANA name, also at the end of a
// longer name ("/mozilla.org/20050126_1/Europe/Berlin"). For other names it reads the file's
// VTIMEZONE. It accepts the location in it, or the account's zone if the offsets at that time are
// equal. The latter finds the "W. Europe Standard Time" of Windows.
func (z zones) find(tzid string, local time.Time) (name string, zone *time.Location, ok bool) {
	described := z.described[tzid]
	for _, candidate := range append(names(tzid), names(described.location)...) {
		if zone, err := task.LoadZone(candidate); err == nil {
			return candidate, zone, true
		}
	}
	_, offset := task.Instant(local, z.account).In(z.account).Zone()
	if slices.Contains(described.offsets, offset) {
		return z.accountName, z.account, true
	}
	return "", nil, false
}

// names returns the possible IANA names in a TZID, the longest first: the whole, and the last
// three, two and one parts.
func names(tzid string) []string {
	tzid = strings.TrimSpace(tzid)
	if tzid == "" {
		return nil
	}
	found := []string{tzid}
	parts := strings.Split(tzid, "/")
	for n := min(3, len(parts)-1); n > 0; n-- {
		found = append(found, strings.Join(parts[len(parts)-n:], "/"))
	}
	return found
}
