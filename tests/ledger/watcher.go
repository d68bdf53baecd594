package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"taskmaster/tests/system"
)

// Watcher is a page that is open all the time: when its socket ends it opens another, after the last revision that it was
// told.
type Watcher struct {
	person  *system.Person
	ledger  *Ledger
	told    atomic.Int64 // the last revision
	sockets atomic.Int64
}

// Watch returns a watcher of a person with books.
func (l *Ledger) Watch(p *system.Person) *Watcher { return &Watcher{person: p, ledger: l} }

// Sockets returns how many it has opened.
func (w *Watcher) Sockets() int64 { return w.sockets.Load() }

// Run watches until the context ends.
func (w *Watcher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		s, err := w.person.WatchFunc(ctx, w.person.Base, w.told.Load(), w.take)
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

// take checks that a message is the one after the last.
func (w *Watcher) take(m system.Message) {
	w.ledger.message(w.person.Email, m, w.told.Load()+1)
	w.told.Store(m.Revision)
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
		l.note(Discrepancy{user, m.Revision, fmt.Sprintf("a WebSocket was told of it when %d was next", want)})
	}
}

// await waits until the watcher was told of a revision.
func (w *Watcher) await(ctx context.Context, last int64) error {
	err := system.Poll(ctx, func() error {
		if w.told.Load() < last {
			return errors.New("not told")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("its WebSockets were told up to revision %d of %d", w.told.Load(), last)
	}
	return nil
}
