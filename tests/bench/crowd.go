package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// crowd holds users of a database, each with a task. This process changes the tasks. Like api, it
// writes the events of a change to the outbox, in a transaction that locks the user's row and takes
// the next revision. It only leaves out the requests.
type crowd struct {
	db      *postgres.DB
	members []*member
}

// member is a user. Its lock prevents two writers from changing the same task. In the database, the
// user's row does that.
type member struct {
	id uuid.UUID

	mu   sync.Mutex
	task task.Task
}

// enqueue stores the events of a change for publication, in the transaction of the change.
type enqueue func(ctx context.Context, tx pgx.Tx, events []event.Event) error

// toOutbox stores them as api does.
func toOutbox(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	return postgres.RecordEvents(ctx, tx, events...)
}

// eventsOfChange counts task.updated and task.changed.
const eventsOfChange = 2

// writeTimeout limits one transaction of a writer.
const writeTimeout = 30 * time.Second

func newCrowd(ctx context.Context, db *postgres.DB, n int) (*crowd, error) {
	c := &crowd{db: db}
	for range n {
		m := &member{id: uuid.Must(uuid.NewV7())}
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			now := time.Now()
			u := postgres.User{ID: m.id, Email: m.id.String() + "@example.com", TimeZone: "Europe/Berlin", CreatedAt: now}
			if err := postgres.InsertUser(ctx, tx, u); err != nil {
				return err
			}
			return m.join(ctx, tx, now)
		})
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, m)
	}
	return c, nil
}

// join creates the task of an existing user.
func (m *member) join(ctx context.Context, tx pgx.Tx, now time.Time) error {
	due := now.AddDate(5, 0, 0)
	t := task.Task{
		ID: uuid.Must(uuid.NewV7()), Title: title0, Description: "What is to be done, in a sentence or two.",
		Priority: task.PriorityMedium, Tags: []string{"bench", "work"}, DueAt: &due, TimeZone: "Europe/Berlin",
		CreatedAt: now, UpdatedAt: now,
	}
	t.Normalize()
	var err error
	if t.Revision, err = postgres.NextRevision(ctx, tx, m.id); err != nil {
		return err
	}
	if _, err := postgres.InsertTask(ctx, tx, m.id, t); err != nil {
		return err
	}
	m.task = t
	return toOutbox(ctx, tx, []event.Event{
		event.New(event.TaskCreated, m.id, t, now), event.New(event.TaskChanged, m.id, t, now),
	})
}

const title0 = "Task of somebody who measures"

// changed returns a member's task with another title and the next revision, and the events of the
// change.
func changed(userID uuid.UUID, t task.Task, revision int64) (task.Task, []event.Event, error) {
	previous, err := json.Marshal(t.Title)
	if err != nil {
		return t, nil, err
	}
	now := time.Now()
	t.Title, t.Revision, t.UpdatedAt = fmt.Sprintf("%s, revision %d", title0, revision), revision, now
	updated := event.New(event.TaskUpdated, userID, t, now)
	updated.Data.Previous = map[string]json.RawMessage{"title": previous}
	return t, []event.Event{updated, event.New(event.TaskChanged, userID, t, now)}, nil
}

// change commits one change of a random user. It returns the user and the duration of the
// transaction.
func (c *crowd) change(ctx context.Context, to enqueue) (uuid.UUID, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	m := c.members[rand.IntN(len(c.members))]
	m.mu.Lock()
	defer m.mu.Unlock()
	began := time.Now()
	var t task.Task
	err := c.db.InTx(ctx, func(tx pgx.Tx) error {
		revision, err := postgres.NextRevision(ctx, tx, m.id)
		if err != nil {
			return err
		}
		var events []event.Event
		if t, events, err = changed(m.id, m.task, revision); err != nil {
			return err
		}
		return to(ctx, tx, events)
	})
	if err != nil {
		return m.id, 0, fmt.Errorf("change of user %s: %w", m.id, err)
	}
	m.task = t
	return m.id, time.Since(began), nil
}

// revisions returns the last committed revision of each user.
func (c *crowd) revisions() map[string]int64 {
	all := map[string]int64{}
	for _, m := range c.members {
		m.mu.Lock()
		all[strings.ToLower(m.id.String())] = m.task.Revision
		m.mu.Unlock()
	}
	return all
}
