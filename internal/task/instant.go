package task

import (
	"errors"
	"regexp"
	"time"
)

// instantForm is RFC 3339 as written. time.Parse also accepts a comma as decimal point, hours of
// one digit, and offsets of a day and more (https://go.dev/issue/54580).
var instantForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseInstant parses an RFC 3339 instant strictly. In UTC its year is 0 to 9999, because RFC 3339 has
// no other years and nothing could show the instant. The error completes a sentence.
func ParseInstant(s string) (time.Time, error) {
	if instantForm.MatchString(s) {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err == nil && (t.UTC().Year() < 0 || t.UTC().Year() > 9999) {
			return time.Time{}, errors.New("is not between the years 0 and 9999 in UTC")
		}
		if err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("is not an RFC 3339 instant such as 2026-02-10T15:00:00Z")
}
