package main

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// sidecarLog reads what a sidecar writes. Why a component fails is kept, for the one line that all sidecars share
// (complaints).
type sidecarLog struct {
	mu          sync.Mutex
	starting    bool // until it is usable; what it says later is shown
	cause       cause
	repetitions repetitions
}

// cause is why a sidecar does not become usable, as it said itself.
type cause struct {
	component string
	reason    string // "" while it said nothing
}

func newSidecarLog() *sidecarLog { return &sidecarLog{repetitions: repetitions{now: time.Now}} }

// starts is called before a process starts. Why the last one failed is forgotten.
func (l *sidecarLog) starts() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting, l.cause = true, cause{}
}

// started is called when the sidecar has become usable.
func (l *sidecarLog) started() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting = false
}

// said returns why the sidecar does not become usable.
func (l *sidecarLog) said() cause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// readable is what is shown of a line.
func (l *sidecarLog) readable(raw string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starting && l.blames(daprMessage(raw)) {
		return ""
	}
	return l.repetitions.show(readable("sidecar", raw))
}

var (
	componentFailure = regexp.MustCompile(`^.*initialization error occurred for (\S+) \(\S+\): (?:\[[A-Z_]+\]: )*(.*)$`)
	missingStore     = regexp.MustCompile(`Component (\S+) references a secret store that isn't loaded: (\S+)`)
	fatalError       = regexp.MustCompile(`^Fatal error from runtime: (.*)$`)
	redisDial        = regexp.MustCompile(`^redis: .* connection pool: failed to dial`)
)

// blames notes a message that says why the sidecar does not become usable.
func (l *sidecarLog) blames(message string) bool {
	if found := componentFailure.FindStringSubmatch(message); found != nil {
		l.cause = cause{found[1], found[2]}
		return true
	}
	if found := missingStore.FindStringSubmatch(message); found != nil {
		l.cause = cause{found[1], "there is no secret store " + found[2]}
		return true
	}
	if found := fatalError.FindStringSubmatch(message); found != nil {
		if l.cause.reason == "" {
			l.cause.reason = found[1]
		}
		return true
	}
	// The component fails with a message of its own; which secret is missing is found out from its file.
	return redisDial.MatchString(message) || strings.HasPrefix(message, "Error getting secret: ")
}
