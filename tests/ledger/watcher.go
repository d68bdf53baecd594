package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"taskmaster/tests/system"
)

// Watcher is a page that is always open. When its socket ends, it opens another after its last
// revision.
type Watcher struct {
	person  *system.Person
	ledger  *Ledger
	last    atomic.Int64 // the last revision
	sockets atomic.Int64
}

// Watch returns a watcher of a person with books.
func (l *Ledger) Watch(p *system.Person) *Watcher { return &Watcher{person: p, ledger: l} }

// Sockets returns the number of opened sockets.
func (w *Watcher) Sockets() int64 { return w.sockets.Load() }

// Run watches until ctx is cancelled.
func (w *Watcher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		s, err := w.person.WatchFunc(ctx, w.person.Base, w.last.Load(), w.take)
		if err != nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		w.sockets.Add(1)
		<-s.Done()
		s.Close()
	}
}

// take checks that a message has the next revision.
func (w *Watcher) take(m system.Message) {
	w.ledger.message(w.person.Email, m, w.last.Load()+1)
	w.last.Store(m.Revision)
}

func (l *Ledger) message(user string, m system.Message, want int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Messages++
	l.arrived = m.Arrived
	switch {
	case m.Type == "resync":
		l.note(Discrepancy{user, m.Revision, "a WebSocket was told to resync"})
	case m.Revision != want:
		l.note(Discrepancy{user, m.Revision, fmt.Sprintf("a WebSocket got it when %d was next", want)})
	}
}

// await waits until the watcher has received a revision.
func (w *Watcher) await(ctx context.Context, last int64) error {
	err := system.Poll(ctx, func() error {
		if w.last.Load() < last {
			return errors.New("not received")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("its WebSockets received revisions up to %d of %d", w.last.Load(), last)
	}
	return nil
}
