package supervise

import (
	"sync"
	"time"

	"taskmaster/cmd/local/console"
)

// Health reports problems in the log, one line each, and their end. The same problem is one line
// only, however many processes have it and however often they retry.
type Health struct {
	log *console.Lines
	now func() time.Time

	mu       sync.Mutex
	degraded map[string]Problem              // by process
	logged   map[string]map[string]time.Time // by subject and text
	began    map[string]time.Time            // by subject
}

// Problem is the reason why a process is degraded. Problems with the same subject, such as a
// component, end together.
type Problem struct{ Subject, Text string }

// repeatProblem is the time after which a problem that lasts is logged again. A person who looks at
// the console later still finds it.
const repeatProblem = 10 * time.Minute

// NewHealth returns a Health that logs to log.
func NewHealth(log *console.Lines) *Health {
	return &Health{
		log: log, now: time.Now, degraded: map[string]Problem{}, logged: map[string]map[string]time.Time{},
		began: map[string]time.Time{},
	}
}

// Degraded notes that a process has a problem, in place of an earlier one. It logs the problem
// unless that was done a short while ago for any process.
func (h *Health) Degraded(process string, problem Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, had := h.degraded[process]
	h.degraded[process] = problem
	if had && before.Subject != problem.Subject {
		h.end(before.Subject)
	}
	now := h.now()
	if h.logged[problem.Subject] == nil {
		h.logged[problem.Subject], h.began[problem.Subject] = map[string]time.Time{}, now
	}
	if last, ok := h.logged[problem.Subject][problem.Text]; ok && now.Sub(last) < repeatProblem {
		return
	}
	h.logged[problem.Subject][problem.Text] = now
	h.log.Printf("%s", problem.Text)
}

// Recovered notes that a process has no problem any more.
func (h *Health) Recovered(process string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before, had := h.degraded[process]; had {
		delete(h.degraded, process)
		h.end(before.Subject)
	}
}

// IsDegraded reports whether a process has a problem.
func (h *Health) IsDegraded(process string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, degraded := h.degraded[process]
	return degraded
}

// AnyDegraded reports whether any process has a problem.
func (h *Health) AnyDegraded() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.degraded) > 0
}

// end logs the end of a problem if no process has it any more. The caller holds the lock.
func (h *Health) end(subject string) {
	for _, other := range h.degraded {
		if other.Subject == subject {
			return
		}
	}
	h.log.Printf("%s: this is over after %v", subject, h.now().Sub(h.began[subject]).Round(time.Second))
	delete(h.logged, subject)
	delete(h.began, subject)
}
