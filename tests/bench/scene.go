package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/tests/system"
)

const (
	// watchers is the number of users of the crowd with an open page.
	watchers = 20
	// handledWithin limits the time until all written events are handled.
	handledWithin = 20 * time.Minute
)

// scene is a crowd in the system's database, and a subscriber that receives its events.
type scene struct {
	*crowd
	db         *postgres.DB
	pages      []*system.Socket
	ledger     *ledger
	subscriber *system.Subscriber
}

// stage creates the scene, once.
func (b *bench) stage(ctx context.Context) (*scene, error) {
	if b.scene != nil {
		return b.scene, nil
	}
	if b.observer != nil { // the observer keeps every event in memory
		b.observer.Close()
		b.observer = nil
	}
	s := &scene{}
	var err error
	if s.db, err = b.openDatabase(ctx, writers); err != nil {
		return nil, err
	}
	b.scene = s
	people, err := b.signUp(ctx, watchers)
	if err != nil {
		return nil, err
	}
	if s.crowd, err = newCrowd(ctx, s.db, b.crowd-watchers); err != nil {
		return nil, fmt.Errorf("make users: %w", err)
	}
	for _, p := range people {
		page, err := p.Watch(ctx, b.URL, -1)
		if err != nil {
			return nil, err
		}
		s.pages = append(s.pages, page)
		if err := s.add(ctx, p); err != nil {
			return nil, err
		}
	}
	none := map[string]int64{}
	for _, m := range s.members {
		none[m.id.String()] = 0
	}
	s.ledger = newLedger(b.topics, none)
	if s.subscriber, err = b.Subscribe(ctx, "bench", b.topics, s.ledger.take); err != nil {
		return nil, err
	}
	b.out.note("The crowd: %d users, %d of them with the page open. Their changes are what api writes to the outbox, written by the bench "+
		"itself, each in a transaction of its own that takes the user's revision, with the two events of a change; requests for as "+
		"many changes would take more than these processors. The bench wakes a relay of its own at each commit, as a replica of api does; "+
		"api's shares the work.", len(s.members), watchers)
	b.out.note("Handled means by a subscriber of the bench, with a sidecar of its own and a call for each event of %v, beside the services; "+
		"times count from before the commit.", b.topics)
	return s, s.handled(ctx)
}

// add creates the task of a person who has signed up, and adds the person to the crowd.
func (s *scene) add(ctx context.Context, p *system.Person) error {
	id, err := uuid.Parse(p.ID)
	if err != nil {
		return err
	}
	m := &member{id: id}
	if err := s.db.InTx(ctx, func(tx pgx.Tx) error { return m.join(ctx, tx, time.Now()) }); err != nil {
		return fmt.Errorf("give %s a task: %w", p.Email, err)
	}
	s.members = append(s.members, m)
	return nil
}

// handled waits until the subscriber has received all written events, and the pages have received
// the last ones.
func (s *scene) handled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handledWithin)
	defer cancel()
	revisions := s.revisions()
	if err := system.Poll(ctx, func() error { return s.ledger.complete(revisions) }); err != nil {
		return fmt.Errorf("%w; by now %s", err, s.ledger.account().order())
	}
	for i, page := range s.pages {
		want := revisions[s.members[len(s.members)-len(s.pages)+i].id.String()]
		_, err := page.Inbox.Wait(ctx, func(m system.Message) bool { return m.Revision >= want })
		if err != nil {
			return fmt.Errorf("page %d did not receive revision %d: %w", i, want, err)
		}
	}
	return nil
}

// toPages returns the time from changes after an instant to the pages, and the time of the last
// arrival.
func (s *scene) toPages(after time.Time) (took []time.Duration, last time.Time) {
	for _, page := range s.pages {
		for _, m := range page.Inbox.All() {
			if m.Task != nil && m.Task.UpdatedAt.After(after) {
				took = append(took, m.Arrived.Sub(m.Task.UpdatedAt))
				last = slices.MaxFunc([]time.Time{last, m.Arrived}, time.Time.Compare)
			}
		}
	}
	return took, last
}

func (s *scene) close() {
	for _, page := range s.pages {
		page.Close()
	}
	if s.subscriber != nil {
		s.subscriber.Close()
	}
	s.db.Close()
}
