package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// TaskIDs returns the IDs of all tasks of a user, in order.
func TaskIDs(ctx context.Context, tx pgx.Tx, userID uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM tasks WHERE user_id = $1 ORDER BY id`, userID)
	if err != nil {
		return nil, fmt.Errorf("query ids of tasks: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read ids of tasks: %w", err)
	}
	return ids, nil
}

// TasksByIDs returns a user's tasks with these IDs, in the order of the IDs. It leaves out missing
// tasks.
func TasksByIDs(ctx context.Context, tx pgx.Tx, userID uuid.UUID, ids []uuid.UUID) ([]task.Task, error) {
	return queryTasks(ctx, tx, `SELECT `+taskRow+` FROM tasks WHERE user_id = $1 AND id = ANY ($2) ORDER BY id`, userID, ids)
}

// TaskOwners returns the owners of tasks by the tasks' IDs. It leaves out IDs of no task.
func TaskOwners(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id, user_id FROM tasks WHERE id = ANY ($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("query owners of tasks: %w", err)
	}
	owners := map[uuid.UUID]uuid.UUID{}
	var id, userID uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id, &userID}, func() error { owners[id] = userID; return nil })
	if err != nil {
		return nil, fmt.Errorf("read owners of tasks: %w", err)
	}
	return owners, nil
}

// ForeignSeries returns those of the series that contain tasks of other users.
func ForeignSeries(ctx context.Context, tx pgx.Tx, userID uuid.UUID, series []uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT series_id FROM tasks WHERE series_id = ANY ($2) AND user_id <> $1`, userID, series)
	if err != nil {
		return nil, fmt.Errorf("query series: %w", err)
	}
	foreign, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	return foreign, nil
}

// TakeRevisions reserves the user's next n revisions and returns the last of them. It holds the
// user's row until the transaction ends. It returns code not_found if there is no such user.
func TakeRevisions(ctx context.Context, tx pgx.Tx, userID uuid.UUID, n int) (int64, error) {
	u, err := oneUser(ctx, tx, `UPDATE users SET revision = revision + $2 WHERE id = $1 AND `+notDeleted+` RETURNING `+userRow, userID, n)
	return u.Revision, err
}

// InsertTasks stores new tasks of a user in one operation. It returns code conflict if an id is
// taken, or if another transaction inserts the same ids in another order.
func InsertTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tasks []task.Task) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"tasks"}, []string{
		"user_id", "id", "title", "description", "completed_at", "priority", "tags", "due_at", "due_on", "day_start", "time_zone", "recurrence", "reminders",
		"series_id", "occurrence", "snoozed_until", "uid", "revision", "created_at", "updated_at",
	}, pgx.CopyFromSlice(len(tasks), func(i int) ([]any, error) {
		t := tasks[i]
		dueAt, dueOn, dayStart := dueColumns(t)
		var uid *string
		if t.UID != "" {
			uid = &t.UID
		}
		return []any{userID, t.ID, t.Title, t.Description, t.CompletedAt, string(t.Priority), t.Tags, dueAt, dueOn, dayStart, t.TimeZone, t.Recurrence, t.Reminders,
			t.SeriesID, t.Occurrence, t.SnoozedUntil, uid, t.Revision, t.CreatedAt, t.UpdatedAt}, nil
	}))
	if isUniqueViolation(err) || isDeadlock(err) {
		return task.Errorf(task.CodeConflict, "an id has just been taken, try again")
	}
	if err != nil {
		return fmt.Errorf("copy tasks: %w", err)
	}
	return nil
}

// SetFirstReminders does the same as SetReminders for new tasks without pending reminders.
func SetFirstReminders(ctx context.Context, tx pgx.Tx, userID uuid.UUID, wanted map[uuid.UUID]map[int]time.Time, now time.Time) error {
	ids, numbers, instants := columns(wanted)
	// Rows exist already if a task with the same id was deleted.
	_, err := tx.Exec(ctx, `
		INSERT INTO reminders (task_id, number, user_id, fire_at, state)
		SELECT task_id, number, $1, fire_at, CASE WHEN fire_at > $2::timestamptz THEN 'pending' ELSE 'cancelled' END
		FROM unnest($3::uuid[], $4::int[], $5::timestamptz[]) AS wanted (task_id, number, fire_at)
		ON CONFLICT (task_id, number) DO UPDATE
		SET user_id = excluded.user_id, fire_at = excluded.fire_at, state = excluded.state, fired_at = NULL, traceparent = NULL
		WHERE reminders.fire_at <> excluded.fire_at OR (reminders.state = 'cancelled' AND excluded.state = 'pending')
			OR reminders.user_id <> excluded.user_id`,
		userID, now, ids, numbers, instants)
	if err != nil {
		return fmt.Errorf("set reminders: %w", err)
	}
	return nil
}

// CopyEvents does the same as AppendEvents for many events of new tasks. It writes no history.
func CopyEvents(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	turns, err := nextTurns(ctx, tx, events)
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"outbox"},
		[]string{"id", "user_id", "shard", "topic", "type", "task_id", "revision", "event", "created_at", "turn"},
		pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
			e := events[i]
			e.TraceParent = telemetry.TraceParent(ctx)
			raw, err := json.Marshal(e)
			if err != nil {
				return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
			}
			return []any{e.ID, e.Data.UserID, Shard(e.Data.UserID), event.Topic(e.Type), e.Type, e.Data.TaskID, e.Data.Revision, raw, e.Time, turns[i]}, nil
		}))
	if err != nil {
		return fmt.Errorf("copy to outbox: %w", err)
	}
	return nil
}

// nextTurns returns the turn of each event, like nextTurn does for one event.
func nextTurns(ctx context.Context, tx pgx.Tx, events []event.Event) ([]int64, error) {
	type end struct {
		waiting int
		turn    int64
	}
	ends := map[Partition]end{}
	var users []uuid.UUID
	var topics []string
	for _, e := range events {
		key := Partition{UserID: e.Data.UserID, Topic: event.Topic(e.Type)}
		if _, known := ends[key]; !known {
			ends[key] = end{}
			users, topics = append(users, key.UserID), append(topics, key.Topic)
		}
	}
	rows, err := tx.Query(ctx, `
		SELECT key.user_id, key.topic, last.turn, ahead.waiting
		FROM unnest($1::uuid[], $2::text[]) key (user_id, topic)
		CROSS JOIN LATERAL (
			SELECT turn, published_at FROM outbox o
			WHERE o.user_id = key.user_id AND o.topic = key.topic ORDER BY revision DESC, seq DESC LIMIT 1
		) last
		CROSS JOIN LATERAL (
			SELECT count(*) AS waiting FROM (
				SELECT published_at FROM outbox o
				WHERE o.user_id = key.user_id AND o.topic = key.topic ORDER BY revision DESC, seq DESC LIMIT $3
			) newest WHERE published_at IS NULL
		) ahead
		WHERE last.published_at IS NULL`, users, topics, MaxAhead)
	if err != nil {
		return nil, fmt.Errorf("query turns: %w", err)
	}
	var key Partition
	var found end
	if _, err := pgx.ForEachRow(rows, []any{&key.UserID, &key.Topic, &found.turn, &found.waiting}, func() error {
		ends[key] = found
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read turns: %w", err)
	}
	turns := make([]int64, len(events))
	for i, e := range events {
		key := Partition{UserID: e.Data.UserID, Topic: event.Topic(e.Type)}
		end := ends[key]
		if end.waiting >= MaxAhead {
			end.turn++
		}
		turns[i] = end.turn
		end.waiting++
		ends[key] = end
	}
	return turns, nil
}
