// Package testkit has helpers for the tests of several packages: waiting for a condition, a log that
// a test reads, free ports, golden files, and certificates.
package testkit

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is the time limit of Eventually. An idle machine needs milliseconds, a busy one seconds.
const Patience = 30 * time.Second

// interval is the pause between two checks of a condition.
const interval = 10 * time.Millisecond

// Eventually polls ok until it returns true. After Patience it ends the test. The condition
// completes the sentence "timed out waiting for ...".
func Eventually(t testing.TB, condition string, ok func() bool) {
	t.Helper()
	Within(t, Patience, condition, ok)
}

// Within is Eventually with a time limit of its own.
func Within(t testing.TB, limit time.Duration, condition string, ok func() bool) {
	t.Helper()
	WithState(t, limit, func() (bool, string) { return ok(), condition })
}

// WithState polls check until done is true. After the limit it ends the test with the last state.
func WithState(t testing.TB, limit time.Duration, check func() (done bool, state string)) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(interval) {
		done, state := check()
		if done {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("timed out after %v waiting for: %s", limit, state)
		}
	}
}

// FreePort returns a port of the loopback address on which nobody listens.
func FreePort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// LogBuffer is a log that a test reads while the program writes. The zero LogBuffer is empty.
type LogBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends to the log.
func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns the log so far.
func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count returns the number of times that the log contains a text.
func (l *LogBuffer) Count(text string) int { return strings.Count(l.String(), text) }
