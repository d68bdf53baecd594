package main

import (
	"encoding/json"
	"regexp"
	"strings"
)

// readable turns a line of a process that was not made for people into one that is, or into "" when nobody needs it.
func readable(role, line string) string {
	switch role {
	case "postgres":
		return readablePostgres(line)
	case "broker":
		return readableBroker(line)
	case "scheduler", "sidecar":
		if strings.HasPrefix(line, "{") {
			return readableZap(line)
		}
		return readableDapr(line)
	}
	return line
}

// readablePostgres hides routine messages, clients that connect too early, and the full disk. The
// services and the supervisor log the full disk once each.
func readablePostgres(line string) string {
	if strings.HasPrefix(line, "LOG:") || strings.HasPrefix(line, "FATAL:  the database system is") ||
		strings.Contains(line, "No space left on device") {
		return ""
	}
	return line
}

// postgresLog hides the further lines of a message along with its first.
type postgresLog struct{ hidden bool }

func (l *postgresLog) readable(line string) string {
	if further := strings.HasPrefix(line, "\t") || furtherPostgres.MatchString(line); !further {
		l.hidden = readablePostgres(line) == ""
	}
	if l.hidden {
		return ""
	}
	return line
}

var furtherPostgres = regexp.MustCompile(`^(DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT):`)

// usualDapr are warnings of what is as it should be here.
var usualDapr = []string{
	"mTLS is disabled",
	"Graceful shutdown timeout is infinite",
	"Actor runtime disabled",
	"Skipping programmatic",
	"Marking prefixes as undeliverable",                           // a sidecar left
	"leadership closed",                                           // the scheduler ends
	"connection draining",                                         // a sidecar ends
	"failed to watch scheduler hosts: rpc error: code = Canceled", // the same, while it starts
}

var daprLine = regexp.MustCompile(`^time=\S+ level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)`)

// readableDapr keeps the level and the message.
func readableDapr(line string) string {
	message := daprMessage(line)
	for _, usual := range usualDapr {
		if strings.Contains(message, usual) {
			return ""
		}
	}
	if match := daprLine.FindStringSubmatch(line); match != nil {
		return match[1] + ": " + message
	}
	return line
}

// daprMessage is the message of a line of Dapr's log, in one line.
func daprMessage(line string) string {
	match := daprLine.FindStringSubmatch(line)
	if match == nil {
		return line
	}
	// Almost what JSON is; where it is not, it stays as it is.
	message := match[2]
	_ = json.Unmarshal([]byte(match[2]), &message)
	return strings.ReplaceAll(message, "\n", "; ")
}

// readableZap keeps the errors of the scheduler's database, which has a log of its own and tells its whole life. At the end
// of that life everything is cancelled.
func readableZap(line string) string {
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
	return readableDapr(entry.Level + ": " + entry.Msg + ": " + entry.Error)
}
