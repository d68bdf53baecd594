package ical

import (
	"slices"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// zones finds out what a file means by a time zone.
type zones struct {
	// account is that of floating times, which have none (RFC 5545 section 3.3.5), and of dates.
	account     *time.Location
	accountName string
	described   map[string]description
}

// description is what a VTIMEZONE says of a zone.
type description struct {
	location string // X-LIC-LOCATION, which is often an IANA name
	offsets  []int  // those that its clock ever has
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

// find returns the zone of a TZID, as it is at a local time. Where that is no IANA name, nor ends with one
// ("/mozilla.org/20050126_1/Europe/Berlin"), the file's VTIMEZONE decides: by the name that it gives, or by having the
// account's zone's offset at that time, as with the "W. Europe Standard Time" of Windows.
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

// names returns what may be an IANA name in a TZID, the longest first: all of it and its last three, two and one parts.
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
