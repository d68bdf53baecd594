package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
)

// notDead excludes events that became dead letters. A replayed dead letter counts as an event again.
const notDead = `NOT EXISTS (SELECT FROM dead_letters d WHERE d.id = o.id AND d.state <> 'replayed')`

// CountUnreceived returns the number of published events of a type that a consumer with an inbox has
// not handled, and the time of the oldest. The time is zero if there is none.
func CountUnreceived(ctx context.Context, tx pgx.Tx, consumer, eventType string) (n int, oldest time.Time, err error) {
	var first *time.Time
	err = tx.QueryRow(ctx, `
		SELECT count(*), min(created_at) FROM outbox o
		WHERE type = $2 AND published_at IS NOT NULL AND `+notDead+`
			AND NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = $1 AND i.event_id = o.id)`, consumer, eventType).Scan(&n, &first)
	if err != nil {
		return 0, oldest, fmt.Errorf("count unhandled events: %w", err)
	}
	if first != nil {
		oldest = *first
	}
	return n, oldest, nil
}

// UnfollowedCompletions calls use with the published event of each completion that has no next task.
// Some of them have none, because their series ended.
func UnfollowedCompletions(ctx context.Context, tx pgx.Tx, use func(event.Event)) error {
	rows, err := tx.Query(ctx, `
		SELECT o.event FROM completions c JOIN outbox o
			ON o.user_id = c.user_id AND o.task_id = c.task_id AND o.event -> 'data' ->> 'revision' = c.revision::text
		WHERE c.follower_id IS NULL AND o.type = $1 AND o.published_at IS NOT NULL AND `+notDead, event.TaskCompleted)
	if err != nil {
		return fmt.Errorf("query completions without a follower: %w", err)
	}
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&raw}, func() error {
		e, err := event.Decode(raw)
		if err == nil {
			use(e)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read completions without a follower: %w", err)
	}
	return nil
}
