package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// remindedPeople share the reminders.
const remindedPeople = 50

// remind measures the delay of a large number of reminders that are due in the same second.
func (b *bench) remind(ctx context.Context) error {
	people, err := b.signUp(ctx, remindedPeople)
	if err != nil {
		return err
	}
	for _, p := range people {
		if _, err := b.webhooks.Channel(ctx, p); err != nil {
			return err
		}
	}
	at := time.Now().Add(30 * time.Second).Truncate(time.Second)
	g, makeCtx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for n := range b.reminders {
		g.Go(func() error {
			return people[n%len(people)].Do(makeCtx, "POST", "/tasks", map[string]any{
				"title": fmt.Sprintf("Reminder %d", n), "reminders": []any{map[string]any{"at": at}},
			}, nil)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	b.out.note("%d reminders were set %s before they were due", b.reminders, readable(time.Until(at)))

	ours := map[string]bool{}
	for _, p := range people {
		ours[p.ID] = true
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	events := func(at func(system.Event) time.Time) (map[string]time.Time, error) {
		return collect(ctx, &b.observer.Inbox, b.reminders, func(e system.Event) (string, time.Time) {
			if e.Topic != system.TopicReminders || !ours[e.Data.UserID] {
				return "", time.Time{}
			}
			return e.Data.TaskID, at(e)
		})
	}
	due, err := events(func(e system.Event) time.Time { return e.Arrived })
	if err != nil {
		return fmt.Errorf("reminder.due: %w", err)
	}
	fired, err := events(func(e system.Event) time.Time { return e.Time })
	if err != nil {
		return fmt.Errorf("reminder.due: %w", err)
	}
	hooks, err := collect(ctx, &b.webhooks.Inbox, b.reminders, func(n system.Notification) (string, time.Time) {
		return n.TaskID, n.Arrived
	})
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	b.out.add("reminder's time to reminder.due at a subscriber", "", since(at, due)...)
	b.out.add("reminder's time to webhook", "", since(at, hooks)...)
	b.goals.Took(goals.Reminder, since(at, hooks)...)
	for task, sent := range hooks {
		b.goals.Took(goals.Notification, sent.Sub(fired[task]))
	}
	return nil
}

// collect waits for a number of arrivals with different keys. It ignores the key "".
func collect[T any](ctx context.Context, inbox *system.Inbox[T], want int, key func(T) (string, time.Time)) (map[string]time.Time, error) {
	var first map[string]time.Time
	err := system.Poll(ctx, func() error {
		first = map[string]time.Time{}
		for _, item := range inbox.All() {
			id, at := key(item)
			if _, ok := first[id]; id != "" && !ok {
				first[id] = at
			}
		}
		if len(first) < want {
			return fmt.Errorf("%d of %d have arrived", len(first), want)
		}
		return nil
	})
	return first, err
}

func since(at time.Time, arrivals map[string]time.Time) []time.Duration {
	var all []time.Duration
	for _, arrived := range arrivals {
		all = append(all, arrived.Sub(at))
	}
	return all
}
