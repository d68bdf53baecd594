// Package ledger records the changes that people make to their tasks while the system is being
// broken, and all results of the changes: events at a subscriber, notifications at a webhook, and
// messages at WebSockets. Then it checks them:
//
//   - every answered change has its event on each topic, and every revision is exactly one
//     requested change,
//   - every completed task of a series has exactly one successor,
//   - every reminder was notified, under one id and by one delivery,
//   - the subscriber got all revisions, in order if the broker guarantees that, and every
//     WebSocket got all of them in order and none twice,
//   - nothing became a dead letter.
//
// Brokers and webhooks deliver at least once. So the same event or notification may come again, and
// is counted.
package ledger

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"taskmaster/tests/system"
)

// Ledger holds the books of several people.
type Ledger struct {
	ordered bool

	mu      sync.Mutex
	books   map[string]*book // by user id
	wrong   []Discrepancy    // found on arrival
	tally   Tally
	arrived time.Time // time of the last arrival
	newest  time.Time // time of the newest change whose event has arrived
}

// Tally counts arrivals.
type Tally struct {
	Events      int // each once, on all topics
	Repeats     int // events that arrived again
	OutOfOrder  int // events that arrived after a later event of their user and topic
	Reminders   int // reminders that fired
	Webhooks    int // notifications, each once
	WebhooksHad int // notifications that arrived again under the same id
	Messages    int // at WebSockets

	// CatchUp is the longest time from a change to the arrival of its event at the subscriber.
	CatchUp time.Duration
}

// New returns empty books. In ordered books, an event that arrives after a later event of its user
// and topic is a discrepancy.
func New(ordered bool) *Ledger {
	return &Ledger{ordered: ordered, books: map[string]*book{}}
}

// Open opens a person's books. Arrivals for people without books are ignored.
func (l *Ledger) Open(p *system.Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.books[p.ID] = newBook(p)
}

// Event records an event of the subscriber.
func (l *Ledger) Event(e system.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Topic == system.TopicDeadLetters {
		l.note(Discrepancy{What: fmt.Sprintf("a dead letter: %s", e.Raw)})
		return
	}
	b := l.books[e.Data.UserID]
	if b == nil {
		return
	}
	l.arrived = e.Arrived
	if e.Topic == system.TopicReminders {
		l.reminder(b, e)
		return
	}
	t := b.topics[e.Topic]
	if t == nil {
		return
	}
	first, late := t.add(e)
	switch {
	case !first:
		l.tally.Repeats++
		return
	case late:
		l.tally.OutOfOrder++
		if l.ordered {
			l.note(Discrepancy{b.person.Email, e.Data.Revision, fmt.Sprintf("%s on %s came after revision %d", e.Type, e.Topic, t.latest)})
		}
	}
	l.tally.Events++
	if e.Time.After(l.newest) {
		l.newest = e.Time
	}
	l.tally.CatchUp = max(l.tally.CatchUp, e.Arrived.Sub(e.Time))
}

func (l *Ledger) reminder(b *book, e system.Event) {
	if b.fired.add(e.Data.TaskID, e.ID) > 1 {
		l.tally.Repeats++
		return
	}
	l.tally.Events++
	l.tally.Reminders++
}

// Notified records a notification of the webhook receiver.
func (l *Ledger) Notified(n system.Notification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.books[n.UserID]
	if b == nil {
		return
	}
	l.arrived = n.Arrived
	if n.Err != nil {
		l.note(Discrepancy{b.person.Email, 0, fmt.Sprintf("the webhook %s about %s: %v", n.ID, n.TaskID, n.Err)})
	}
	if b.notified.add(n.TaskID, n.ID) > 1 {
		l.tally.WebhooksHad++
		return
	}
	l.tally.Webhooks++
}

// Tally returns the current counts.
func (l *Ledger) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally
}

// Newest returns the time of the newest change whose event has arrived.
func (l *Ledger) Newest() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest
}

// Arrived returns the time of the last arrival.
func (l *Ledger) Arrived() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrived
}

func (l *Ledger) note(d Discrepancy) { l.wrong = append(l.wrong, d) }

// Discrepancy is a violation of the rules. Revision is 0 if it is not about a revision.
type Discrepancy struct {
	User     string
	Revision int64
	What     string
}

// String returns one line, or more if it adds details.
func (d Discrepancy) String() string {
	if d.Revision == 0 {
		return d.User + ": " + d.What
	}
	return fmt.Sprintf("%s, revision %d: %s", d.User, d.Revision, d.What)
}

// shown is the number of discrepancies that Verdict prints. More of them add no information.
const shown = 50

// Verdict returns the last lines of a report: PASS, or FAIL with the discrepancies.
func Verdict(wrong []Discrepancy) string {
	if len(wrong) == 0 {
		return "PASS: the books are right\n"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "FAIL: %d discrepancies\n", len(wrong))
	for _, d := range wrong[:min(len(wrong), shown)] {
		fmt.Fprintf(&s, "  %s\n", d)
	}
	if len(wrong) > shown {
		fmt.Fprintf(&s, "  and %d more\n", len(wrong)-shown)
	}
	return s.String()
}
