package component

import (
	"regexp"
	"strings"
	"sync"

	"taskmaster/cmd/local/supervise"
)

// Log filters the log of a sidecar. While the sidecar starts, the log keeps the cause of a failure
// instead of showing it: Doctor.Sidecar makes one line of it for all sidecars.
type Log struct {
	mu          sync.Mutex
	starting    bool // until the sidecar is ready; later lines are shown
	cause       Cause
	repetitions *supervise.Repetitions
}

// Cause is the reason in a sidecar's log why the sidecar does not become ready.
type Cause struct {
	component string
	reason    string // empty if the log has none
}

// NewLog returns the log of a sidecar that has not started yet.
func NewLog() *Log { return &Log{repetitions: supervise.NewRepetitions()} }

// Starting notes that a process is about to start. It forgets the cause of an earlier failure.
func (l *Log) Starting() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting, l.cause = true, Cause{}
}

// Started notes that the sidecar is ready.
func (l *Log) Started() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting = false
}

// Cause returns the reason why the sidecar does not become ready.
func (l *Log) Cause() Cause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// Filter returns the line as it is shown, or "" for a line that is not shown.
func (l *Log) Filter(raw string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starting && l.noteCause(supervise.DaprMessage(raw)) {
		return ""
	}
	return l.repetitions.Filter(supervise.FilterDapr(raw))
}

var (
	componentFailure = regexp.MustCompile(`^.*initialization error occurred for (\S+) \(\S+\): (?:\[[A-Z_]+\]: )*(.*)$`)
	missingStore     = regexp.MustCompile(`Component (\S+) references a secret store that isn't loaded: (\S+)`)
	fatalError       = regexp.MustCompile(`^Fatal error from runtime: (.*)$`)
	redisDial        = regexp.MustCompile(`^redis: .* connection pool: failed to dial`)
)

// noteCause keeps the cause that a message contains. It reports whether the message is about one.
// The caller holds the lock.
func (l *Log) noteCause(message string) bool {
	if found := componentFailure.FindStringSubmatch(message); found != nil {
		l.cause = Cause{found[1], found[2]}
		return true
	}
	if found := missingStore.FindStringSubmatch(message); found != nil {
		l.cause = Cause{found[1], "there is no secret store " + found[2]}
		return true
	}
	if found := fatalError.FindStringSubmatch(message); found != nil {
		if l.cause.reason == "" {
			l.cause.reason = found[1]
		}
		return true
	}
	// Both messages come before one about the component itself. The component's file names the
	// missing secret.
	return redisDial.MatchString(message) || strings.HasPrefix(message, "Error getting secret: ")
}
