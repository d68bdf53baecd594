package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// A few people at a pace that leaves the machine idle most of the time. So the load measures the
// path of an event, not a queue.
const (
	few     = 5
	fewPace = 250 * time.Millisecond
)

// latency measures the cost of events for the request that causes them, and the time from change to
// consumers.
func (b *bench) latency(ctx context.Context) error {
	people, err := b.signUp(ctx, few)
	if err != nil {
		return err
	}
	socket, err := people[0].Watch(ctx, b.URL, -1)
	if err != nil {
		return err
	}
	defer socket.Close()

	// The same load alternates between a working broker and a frozen one, with which nothing is
	// published.
	var flowing, still []time.Duration
	for range 2 {
		for _, stopped := range []bool{false, true} {
			took, err := b.creations(ctx, people, stopped)
			if err != nil {
				return err
			}
			if stopped {
				still = append(still, took...)
			} else {
				flowing = append(flowing, took...)
			}
			if err := b.drained(ctx); err != nil {
				return err
			}
		}
	}
	b.out.add("POST /tasks, events flowing", "", flowing...)
	b.out.add("POST /tasks, broker stopped, nothing published", "", still...)
	b.out.note("added latency of publishing on POST /tasks, flowing less stopped: %s", b.out.difference(-2, -1))
	b.goals.Took(goals.Publishing, newRow("", "", 0, flowing).at(99)-newRow("", "", 0, still).at(99))

	without, with, err := b.outboxStatements(ctx, 1000)
	if err != nil {
		return fmt.Errorf("outbox statements: %w", err)
	}
	b.out.add("transaction that inserts a task", "", without...)
	b.out.add("the same with its two events", "p99 < 5 ms more", with...)
	b.out.note("added latency of writing the events: %s", b.out.difference(-1, -2))

	began := time.Now()
	if _, err := b.creations(ctx, people, false); err != nil {
		return err
	}
	return b.consumers(ctx, socket, people, began)
}

// creations lets a few people create tasks for a while.
func (b *bench) creations(ctx context.Context, people []*system.Person, stopped bool) ([]time.Duration, error) {
	broker, err := b.Process(system.RoleBroker, system.RoleBroker, 1)
	if err != nil {
		return nil, err
	}
	if stopped {
		if err := syscall.Kill(broker.PID, syscall.SIGSTOP); err != nil {
			return nil, err
		}
		defer func() { _ = syscall.Kill(broker.PID, syscall.SIGCONT) }() // the process may have ended; drained will report it
	}
	result, err := generate(ctx, people, b.duration, fewPace, func(ctx context.Context, p *system.Person, n int) error {
		_, err := create(ctx, p, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result.latency.get(), nil
}

// consumers measures the time from changes since an instant to the broker, to a subscriber and to a
// page.
func (b *bench) consumers(ctx context.Context, socket *system.Socket, people []*system.Person, since time.Time) error {
	if err := b.drained(ctx); err != nil {
		return err
	}
	if err := b.observed(ctx, people); err != nil {
		return err
	}
	toBroker, err := b.published(ctx, since)
	if err != nil {
		return err
	}
	var toObserver, toSocket []time.Duration
	for _, e := range b.observer.Inbox.Select(func(e system.Event) bool {
		return e.Topic == system.TopicTasks && e.Data.Timestamp.After(since)
	}) {
		toObserver = append(toObserver, e.Arrived.Sub(e.Data.Timestamp))
	}
	for _, m := range socket.Inbox.Select(func(m system.Message) bool { return m.Task != nil && m.Task.UpdatedAt.After(since) }) {
		toSocket = append(toSocket, m.Arrived.Sub(m.Task.UpdatedAt))
	}
	b.out.add("change to the broker (published_at)", "", toBroker...)
	b.out.add("change to a subscriber", "p99 < 100 ms", toObserver...)
	b.out.add("change to a WebSocket", "p99 < 100 ms", toSocket...)
	b.goals.Took(goals.OtherDevice, toSocket...)
	return nil
}

// observed waits until the observer has the last change of every person.
func (b *bench) observed(ctx context.Context, people []*system.Person) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, p := range people {
		var list struct {
			Revision int64 `json:"revision"`
		}
		if err := p.Do(ctx, "GET", "/changes?limit=1", nil, &list); err != nil {
			return err
		}
		_, err := b.observer.Inbox.Wait(ctx, func(e system.Event) bool {
			return e.Topic == system.TopicTasks && e.Data.UserID == p.ID && e.Data.Revision == list.Revision
		})
		if err != nil {
			return fmt.Errorf("the observer has not seen revision %d of %s: %w", list.Revision, p.Email, err)
		}
	}
	return nil
}
