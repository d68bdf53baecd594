package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// A change is admitted by an upper bound of the bytes that it stores, before anything is written. A
// full account can still delete and complete tasks. The next occurrence of a completed task is always
// created: a series must not end because its account was full for a moment. It adds no more than its
// completion did, and completions are limited.
const (
	// createdCopies is how often an imported task is stored: its row and two events. A completion stores
	// two events and the answer to repeated requests.
	createdCopies = 3
	// changedCopies adds a third event, the history and the answer to repeated requests. previousCopies
	// is how often a change stores the old values: in an event and in the history.
	changedCopies  = 6
	previousCopies = 2
	// copyOverhead is the size of an event or row without its task.
	copyOverhead = 1000
)

func (s *service) quota() account.Quota { return account.Quota(s.cfg.QuotaBytes) }

// admitAnswer refuses to store an answer for a full account. Every request with an Idempotency-Key
// stores one, whatever it does.
func (s *service) admitAnswer(ctx context.Context, tx pgx.Tx, userID uuid.UUID, a rawAnswer) error {
	used, err := postgres.Usage(ctx, tx, userID)
	if err != nil {
		return err
	}
	u, err := postgres.UserByID(ctx, tx, userID)
	if err != nil {
		return err
	}
	return s.quota().Of(u).AdmitCompletion(used, int64(len(a.Body)+copyOverhead))
}

// sizeOf returns an upper bound of the bytes that copies of tasks take.
func sizeOf(copies int, tasks ...task.Task) (int64, error) {
	var size int
	for _, t := range tasks {
		raw, err := json.Marshal(t)
		if err != nil {
			return 0, fmt.Errorf("encode task %s: %w", t.ID, err)
		}
		size += copies * (len(raw) + copyOverhead)
	}
	return int64(size), nil
}

// admitTasks refuses new tasks that the account has no room for.
func (u *userTx) admitTasks(copies int, tasks ...task.Task) error {
	size, err := sizeOf(copies, tasks...)
	if err != nil {
		return err
	}
	return u.quota.Admit(u.used, size)
}

// admitUpdate refuses a change of a task that the account has no room for.
func (u *userTx) admitUpdate(before, after task.Task, events []event.Event) error {
	if len(events) == 1 && events[0].Type == event.TaskCompleted {
		size, err := sizeOf(createdCopies, after)
		if err != nil {
			return err
		}
		return u.quota.AdmitCompletion(u.used, size)
	}
	old, err := sizeOf(previousCopies, before)
	if err != nil {
		return err
	}
	size, err := sizeOf(changedCopies, after)
	if err != nil {
		return err
	}
	return u.quota.Admit(u.used, old+size)
}
