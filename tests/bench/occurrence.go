package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// occurrenceWithin limits the wait for one occurrence.
const occurrenceWithin = time.Minute

// occurrence measures the time from the request that completes a recurring task to the next task of the
// series at an open page.
func (b *bench) occurrence(ctx context.Context) error {
	people, err := b.signUp(ctx, few)
	if err != nil {
		return err
	}
	pages := map[string]*system.Socket{}
	for _, p := range people {
		page, err := p.Watch(ctx, b.URL, -1)
		if err != nil {
			return err
		}
		defer page.Close()
		pages[p.ID] = page
	}
	var mu sync.Mutex
	var all []time.Duration
	_, err = generate(ctx, people, b.duration, fewPace, func(ctx context.Context, p *system.Person, _ int) error {
		took, err := completeOnce(ctx, p, pages[p.ID])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took)
		return nil
	})
	if err != nil {
		return err
	}
	b.out.add("completion to the next occurrence at a page", "", all...)
	b.goals.Took(goals.Occurrence, all...)
	return nil
}

// completeOnce completes a new recurring task and waits for the next one.
func completeOnce(ctx context.Context, p *system.Person, page *system.Socket) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, occurrenceWithin)
	defer cancel()
	var made system.Task
	err := p.Do(ctx, "POST", "/tasks", map[string]any{
		"title": "Water the plants", "due_at": "2031-05-05T12:00:00Z", "recurrence": map[string]any{"rrule": "daily"},
	}, &made)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := p.Do(ctx, "POST", "/tasks/"+made.ID+"/complete", nil, nil); err != nil {
		return 0, err
	}
	m, err := page.Inbox.Wait(ctx, func(m system.Message) bool {
		return m.Task != nil && m.Task.ID != made.ID && m.Task.SeriesID != nil && *m.Task.SeriesID == made.ID
	})
	if err != nil {
		return 0, fmt.Errorf("wait for the occurrence after task %s: %w", made.ID, err)
	}
	return m.Arrived.Sub(began), nil
}
