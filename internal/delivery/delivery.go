// Package delivery queues deliveries to channels. The row of a delivery holds its progress. Its job
// in River triggers the next attempt. Both are written in one transaction, so that neither exists
// without the other.
//
//	api (a test, a retry) --+
//	                        +--Add--> river_job --> notifier
//	notifier (an event) ----+
package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"taskmaster/internal/postgres"
)

// MaxAttempts is the maximum number of times that River works a job. It is larger than the number
// of attempts in the retry schedule, which ends a delivery. Attempts that a crash interrupted count
// here too.
const MaxAttempts = 25

// Job is one round of a delivery: the attempts until it is sent or given up. A job of an earlier
// round does nothing.
type Job struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
	Round      int       `json:"round"`
	// RetryAfter is the wait that the receiver asked for in the present attempt. It is not stored: River
	// asks for the time of the next attempt with the same job.
	RetryAfter time.Duration `json:"-"`
}

// Kind returns the name of the job in the queue.
func (Job) Kind() string { return "delivery" }

// Queue adds jobs. It holds no connection and needs no closing.
type Queue struct {
	client *river.Client[pgx.Tx]
}

// NewQueue returns a Queue.
func NewQueue() (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("create delivery queue: %w", err)
	}
	return &Queue{client: client}, nil
}

// Add queues deliveries in the transaction that made them pending. Each kind of channel has a queue
// of its own, so that a slow kind does not delay the others.
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
