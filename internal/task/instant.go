package task

import (
	"fmt"
	"regexp"
	"time"
)

// instantForm is RFC 3339 as written. time.Parse also accepts a comma as decimal point, hours of
// one digit, and offsets of a day and more (https://go.dev/issue/54580).
var instantForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseInstant parses an RFC 3339 instant strictly.
func ParseInstant(s string) (time.Time, error) {
	if instantForm.MatchString(s) {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not an RFC 3339 instant such as 2026-02-10T15:00:00Z", s)
}
