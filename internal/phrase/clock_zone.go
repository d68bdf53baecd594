package phrase

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

var utcOffset = regexp.MustCompile(`^(?:utc|gmt)([-+])(\d{1,2})(?::?00)?$`)

// readZone reads the time zone after a time: "UTC", "UTC+2", "Europe/London", "New York time". A zone
// is nil if its name has several meanings. The index is 0 if no zone follows.
func (p *parser) readZone(i int) (*time.Location, int) {
	text := p.text(i)
	if m := utcOffset.FindStringSubmatch(text); m != nil {
		// The sign in the names of these zones is that of POSIX.
		sign := map[string]string{"+": "-", "-": "+"}[m[1]]
		hours, _ := strconv.Atoi(m[2])
		zone, err := task.LoadZone("Etc/GMT" + sign + strconv.Itoa(hours))
		if err != nil {
			return nil, i + 1
		}
		return zone, i + 1
	}
	if name, next := find(p, p.lang.zones, i); next > 0 {
		if len(text) == 2 && next == i+1 && strings.ToUpper(text) != strings.TrimRight(p.raw(i), punctuation) {
			return nil, 0
		}
		if name == "Local" {
			return p.zone, next
		}
		zone, err := task.LoadZone(name)
		if err != nil {
			return nil, next
		}
		return zone, next
	}
	if raw := strings.TrimRight(p.raw(i), punctuation); strings.Contains(raw, "/") && startsUpper(raw) {
		if zone, err := task.LoadZone(raw); err == nil {
			return zone, i + 1
		}
	}
	return p.readCity(i)
}

// readCity reads "London time" and "New York time".
func (p *parser) readCity(i int) (*time.Location, int) {
	var names []string
	for j := i; j < i+3 && startsUpper(p.raw(j)) && !p.words[j].stop; j++ {
		names = append(names, p.raw(j))
		if !p.lang.zoneTime[p.text(j+1)] {
			continue
		}
		for _, area := range []string{"Europe", "America", "Asia", "Australia", "Africa", "Pacific", "Atlantic"} {
			if zone, err := task.LoadZone(area + "/" + strings.Join(names, "_")); err == nil {
				return zone, j + 2
			}
		}
		return nil, j + 2
	}
	return nil, 0
}

// agrees reports whether an abbreviation such as EST is in use in its zone at an instant. In summer,
// "EST" may mean two times.
func (l *language) agrees(abbreviation string, at time.Time, zone *time.Location) bool {
	_, isZone := l.zones[abbreviation]
	if !isZone || len(abbreviation) < 3 || len(abbreviation) > 4 {
		return true
	}
	name, _ := at.In(zone).Zone()
	return strings.EqualFold(name, abbreviation) || abbreviation == "gmt" && name == "UTC"
}
