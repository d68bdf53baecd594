package ical

import (
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// zones maps the time zones of a file to IANA zones.
type zones struct {
	// account is the zone of dates and of floating times, which have no zone (RFC 5545 section
	// 3.3.5).
	account     *time.Location
	accountName string
	described   map[string]description
	// found are the zones by TZID.
	found map[string]foundZone
}

func readZones(data []byte, accountZone string) (zones, error) {
	account, err := task.LoadZone(accountZone)
	if err != nil {
		return zones{}, err
	}
	z := zones{account: account, accountName: accountZone, described: map[string]description{}, found: map[string]foundZone{}}
	err = scan(data, "VTIMEZONE", func(c component) error {
		z.described[c.text("TZID")] = describe(c)
		return nil
	})
	return z, err
}

// foundZone is the zone of a TZID. Its location is nil if the TZID is unknown.
type foundZone struct {
	name     string
	location *time.Location
}

// find returns the zone of a TZID, and a local time in it as an instant. It accepts names that
// importer.FindZone knows, also at the end of a longer name
// ("/mozilla.org/20050126_1/Europe/Berlin"), and the location in the file's VTIMEZONE. For other
// names it reads the clock from the VTIMEZONE. Its name is then that of a zone with the same clock,
// or of the account's zone.
func (z zones) find(tzid string, local time.Time) (name string, at time.Time, ok bool) {
	found, known := z.found[tzid]
	if !known {
		described := z.described[tzid]
		for _, candidate := range append(names(tzid), names(described.location)...) {
			if name, zone, ok := importer.FindZone(candidate); ok {
				found = foundZone{name, zone}
				break
			}
		}
		if found.location == nil {
			found.name, found.location = z.alike(described, local.Year())
		}
		z.found[tzid] = found
	}
	if found.location != nil {
		return found.name, task.Instant(local, found.location), true
	}
	offset, ok := z.described[tzid].offset(local)
	if !ok {
		return "", time.Time{}, false
	}
	return z.accountName, time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.FixedZone("", offset)), true
}

// alike returns a zone whose clock is that of a VTIMEZONE during a year: the account's zone before
// others. It returns nil if there is none.
func (z zones) alike(d description, year int) (string, *time.Location) {
	if !d.dated() {
		return "", nil
	}
	if d.fits(z.account, year) {
		return z.accountName, z.account
	}
	if offset, fixed := d.fixed(); fixed {
		name, zone, _ := importer.ZoneOfOffset(offset)
		return name, zone
	}
	// Zones of many people come before others with the same clock.
	large := []string{"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London", "Europe/Berlin", "Europe/Helsinki", "Australia/Sydney"}
	for _, name := range append(large, importer.WindowsZones()...) {
		if zone, err := task.LoadZone(name); err == nil && d.fits(zone, year) {
			return name, zone
		}
	}
	return "", nil
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
