// Package ledger keeps books about people who go on changing their tasks while things break, and about all that comes out
// of it: events at a subscriber, notifications at a webhook, messages at WebSockets. Afterwards it checks them:
//
//   - every answered change has its event on each topic, and every revision is exactly one change that somebody asked for,
//   - every completed task of a series has exactly one successor,
//   - every reminder was notified, under one id and by one delivery,
//   - revisions came complete to the subscriber, in order where the broker promises that, and to every WebSocket complete,
//     in order and none twice,
//   - nothing became a dead letter.
//
// Brokers and webhooks deliver at least once, so the same event or notification may come again; it is counted.
package ledger

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"taskmaster/tests/system"
)

// Ledger has the books of several people.
type Ledger struct {
	ordered bool

	mu      sync.Mutex
	books   map[string]*book // by user id
	wrong   []Discrepancy    // found on arrival
	tally   Tally
	arrived time.Time // when something last came
	newest  time.Time // of the changes whose events came
}

// Tally is how much there was of everything.
type Tally struct {
	Events      int // each once, on all topics
	Repeats     int // events that came again
	OutOfOrder  int // events that came after a later one of their user and topic
	Reminders   int // reminders that fired
	Webhooks    int // notifications, each once
	WebhooksHad int // notifications that came again under the same id
	Messages    int // at WebSockets

	// CatchUp is the longest time that an event took from its change to the subscriber.
	CatchUp time.Duration
}

// New returns empty books. In ordered ones an event that comes after a later one of its user and topic is a discrepancy.
func New(ordered bool) *Ledger {
	return &Ledger{ordered: ordered, books: map[string]*book{}}
}

// Open opens a person's books. What comes of people without books is ignored.
func (l *Ledger) Open(p *system.Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.books[p.ID] = newBook(p)
}

// Event takes what a subscriber got.
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

// Notified takes what a webhook receiver got.
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

// Tally returns how much there is by now.
func (l *Ledger) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally
}

// Newest returns when the newest change was made whose event came.
func (l *Ledger) Newest() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest
}

// Arrived returns when something last came.
func (l *Ledger) Arrived() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrived
}

func (l *Ledger) note(d Discrepancy) { l.wrong = append(l.wrong, d) }

// Discrepancy is one thing that should not be. Revision is 0 when it is not about one.
type Discrepancy struct {
	User     string
	Revision int64
	What     string
}

// String returns one line, or more where it tells what is known of the matter.
func (d Discrepancy) String() string {
	if d.Revision == 0 {
		return d.User + ": " + d.What
	}
	return fmt.Sprintf("%s, revision %d: %s", d.User, d.Revision, d.What)
}

// shown is how many discrepancies Verdict prints. More tell nothing new.
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
