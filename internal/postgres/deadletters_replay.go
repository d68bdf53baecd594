package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// ReplayDeadLetter puts an event back into the outbox for its original topic, and settles its dead
// letter. It takes the bytes from the outbox if they are still there, else from the dead letter. It
// returns code invalid with a reason if the bytes cannot be published.
func ReplayDeadLetter(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	d, err := DeadLetterByID(ctx, tx, id)
	if err != nil {
		return err
	}
	// Every change of a user's data locks the user's row first.
	if d.UserID != uuid.Nil {
		if _, err := LockUser(ctx, tx, d.UserID); err != nil {
			return err
		}
	}
	kept, err := publishAgain(ctx, tx, id)
	if err != nil {
		return err
	}
	if !kept {
		if err := replayable(d); err != nil {
			return err
		}
		if err := appendDeadLetter(ctx, tx, d, now); err != nil {
			return err
		}
	}
	return settleDeadLetter(ctx, tx, id, DeadLetterReplayed, now)
}

// publishAgain makes an event of the outbox wait again. It returns false if the outbox no longer
// holds the event.
func publishAgain(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	var seq int64
	err := tx.QueryRow(ctx, `UPDATE outbox SET published_at = NULL, turn = 0 WHERE id = $1 RETURNING seq`, id).Scan(&seq)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("replay event %s: %w", id, err)
	}
	return true, nil
}

func appendDeadLetter(ctx context.Context, tx pgx.Tx, d DeadLetter, now time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)`,
		d.ID, d.UserID, Shard(d.UserID), d.Topic, d.Type, d.TaskID, d.Raw, now)
	if err != nil {
		return fmt.Errorf("append dead letter %s to outbox: %w", d.ID, err)
	}
	return nil
}

// replayable returns nil if the bytes of a dead letter can be published. Otherwise it returns an
// error of code invalid with the reason.
func replayable(d DeadLetter) error {
	switch {
	case !event.IsObject(d.Raw):
		return task.Errorf(task.CodeInvalid, "it is not a JSON object, which every event is")
	case d.Topic == event.TopicUpdates:
		// Clients read missed changes from the outbox by revision. An old change inserted now would
		// look like a closed gap.
		return task.Errorf(task.CodeInvalid, "clients have long read this change from the database")
	case d.Topic != event.TopicTasks && d.Topic != event.TopicReminders:
		return task.Errorf(task.CodeInvalid, "it does not say which topic it came from")
	}
	return nil
}
