package supervise

import (
	"encoding/json"
	"regexp"
	"strings"
)

// PostgresLog filters the log of PostgreSQL. It drops routine messages, clients that connect too
// early, and the full disk, which the services and the supervisor log once each.
type PostgresLog struct{ hidden bool }

// NewPostgresLog returns a filter that has seen no line.
func NewPostgresLog() *PostgresLog { return &PostgresLog{} }

var postgresContinuation = regexp.MustCompile(`^(DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT):`)

// Filter returns the line, or "" if it is dropped. The further lines of a message are dropped along
// with its first.
func (l *PostgresLog) Filter(line string) string {
	if further := strings.HasPrefix(line, "\t") || postgresContinuation.MatchString(line); !further {
		l.hidden = strings.HasPrefix(line, "LOG:") || strings.HasPrefix(line, "FATAL:  the database system is") ||
			strings.Contains(line, "No space left on device")
	}
	if l.hidden {
		return ""
	}
	return line
}

var daprLine = regexp.MustCompile(`^time=\S+ level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)`)

// FilterDapr reduces a line of one of Dapr's programs to level and message. It drops warnings about
// settings that are intended on one machine.
func FilterDapr(line string) string {
	if strings.HasPrefix(line, "{") {
		return filterZap(line)
	}
	message := DaprMessage(line)
	if expectedDapr(message) {
		return ""
	}
	if match := daprLine.FindStringSubmatch(line); match != nil {
		return match[1] + ": " + message
	}
	return line
}

// expectedDapr reports whether a message is a warning about normal operation.
func expectedDapr(message string) bool {
	for _, expected := range [...]string{
		"mTLS is disabled",
		"Graceful shutdown timeout is infinite",
		"Actor runtime disabled",
		"Skipping programmatic",
		"Marking prefixes as undeliverable",                           // a sidecar has disconnected
		"leadership closed",                                           // the scheduler is stopping
		"connection draining",                                         // a sidecar is stopping
		"failed to watch scheduler hosts: rpc error: code = Canceled", // a sidecar stops during its start
	} {
		if strings.Contains(message, expected) {
			return true
		}
	}
	return false
}

// DaprMessage returns the message of a line of Dapr's log, without line breaks.
func DaprMessage(line string) string {
	match := daprLine.FindStringSubmatch(line)
	if match == nil {
		return line
	}
	// The quoting is almost JSON. A message that is not JSON is kept with its quotes.
	message := match[2]
	_ = json.Unmarshal([]byte(match[2]), &message)
	return strings.ReplaceAll(message, "\n", "; ")
}

// filterZap keeps only errors of the scheduler's database, which logs all of its work in a format of
// its own. It drops the cancellations at the scheduler's end.
func filterZap(line string) string {
	var entry struct{ Level, Msg, Error string }
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		return line
	}
	switch entry.Level {
	case "debug", "info", "warn":
		return ""
	}
	if strings.Contains(entry.Error, "context canceled") {
		return ""
	}
	return FilterDapr(entry.Level + ": " + entry.Msg + ": " + entry.Error)
}
