package importer

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// zoneNames has a line NAME=ZONE for each time zone of Windows, then one for each IANA zone. The
// zones of Windows are those that Go takes from CLDR's windowsZones.xml for the territory 001
// (time/zoneinfo_abbrs_windows.go).
//
//go:embed zones.txt
var zoneNames string

// FindZone returns the IANA zone of a name in any case: of an IANA zone, a zone of Windows, or an
// offset such as GMT+0200. An offset that no zone has all year gets the name "".
func FindZone(name string) (string, *time.Location, bool) {
	name = strings.TrimSpace(name)
	if zone, err := task.LoadZone(name); err == nil {
		return name, zone, true
	}
	for line := range strings.Lines(zoneNames) {
		known, iana, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if len(known) == len(name) && strings.EqualFold(known, name) {
			zone, err := task.LoadZone(iana)
			return iana, zone, err == nil
		}
	}
	return offsetZone(name)
}

// WindowsZones returns the IANA zones of the zones of Windows, one for each.
func WindowsZones() []string {
	var zones []string
	for line := range strings.Lines(zoneNames) {
		name, iana, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if name == iana {
			break
		}
		zones = append(zones, iana)
	}
	return zones
}

// offsetName is an offset from UTC: GMT+0200, UTC+2, +02:00, GMT-3:30.
var offsetName = regexp.MustCompile(`^(?i:GMT|UTC|Z)? ?([+-])(\d{1,2})(?::?(\d{2}))?$`)

func offsetZone(name string) (string, *time.Location, bool) {
	found := offsetName.FindStringSubmatch(name)
	if found == nil {
		return "", nil, false
	}
	hours, _ := strconv.Atoi(found[2])   // digits
	minutes, _ := strconv.Atoi(found[3]) // digits or nothing
	if hours > 14 || minutes > 59 {
		return "", nil, false
	}
	seconds := (hours*60 + minutes) * 60
	if found[1] == "-" {
		seconds = -seconds
	}
	return ZoneOfOffset(seconds)
}

// ZoneOfOffset returns a zone with an offset all year, in seconds east of UTC. Its name is "" if
// IANA has none.
func ZoneOfOffset(seconds int) (string, *time.Location, bool) {
	name := map[int]string{
		0: "UTC", 12600: "Asia/Tehran", 16200: "Asia/Kabul", 19800: "Asia/Kolkata", 20700: "Asia/Kathmandu", 23400: "Asia/Yangon",
		31500: "Australia/Eucla", 34200: "Australia/Darwin", -34200: "Pacific/Marquesas",
	}[seconds]
	if hours := seconds / 3600; name == "" && seconds%3600 == 0 && hours >= -12 && hours <= 14 {
		name = fmt.Sprintf("Etc/GMT%+d", -hours) // The sign is that of POSIX.
	}
	if zone, err := task.LoadZone(name); err == nil {
		return name, zone, true
	}
	return "", time.FixedZone("", seconds), true
}
