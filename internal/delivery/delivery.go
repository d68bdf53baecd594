// Package delivery queues deliveries to be sent. A delivery's row says how far it got; its job in River is what makes the
// next attempt happen. Both are written in one transaction, so that there is never one without the other.
//
//	api (a test, a retry) --+
//	                        +--Add--> river_job --> notifier
//	notifier (an event) ----+
package delivery

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"taskmaster/internal/postgres"
)

// MaxAttempts is how often River works a job at most. It is more than there are attempts in the retry schedule, which
// decides: an attempt that a crash cut short counts here as well.
const MaxAttempts = 25

// Job is one round of a delivery: the attempts until it is sent or given up. It has nothing more to do when the delivery is
// in a later round.
type Job struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
	Round      int       `json:"round"`
}

// Kind names the job in the queue.
func (Job) Kind() string { return "delivery" }

// Queue adds jobs. It holds no connection and needs no closing.
type Queue struct {
	client *river.Client[pgx.Tx]
}

// NewQueue makes a Queue.
func NewQueue() (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("make delivery queue: %w", err)
	}
	return &Queue{client: client}, nil
}

// Add queues deliveries, in the transaction that made them pending. Each kind of channel has a queue of its name, so that
// a slow kind does not hold up the others.
func (q *Queue) Add(ctx context.Context, tx pgx.Tx, deliveries ...postgres.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	jobs := make([]river.InsertManyParams, len(deliveries))
	for i, d := range deliveries {
		jobs[i] = river.InsertManyParams{
			Args:       Job{DeliveryID: d.ID, Round: d.Round},
			InsertOpts: &river.InsertOpts{Queue: d.ChannelKind, MaxAttempts: MaxAttempts},
		}
	}
	if _, err := q.client.InsertManyTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("queue deliveries: %w", err)
	}
	return nil
}
