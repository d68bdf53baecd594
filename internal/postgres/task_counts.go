package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// TaskCounts are the numbers of a user's open tasks.
type TaskCounts struct {
	All int
	// Overdue, Today and Upcoming count each task at most once. Tasks without a due date are in none.
	Overdue, Today, Upcoming int
	High, Medium, Low, None  int
	// Tags are the most frequent tags, by frequency and name.
	Tags []TagCount
	// MoreTags reports whether there are further tags.
	MoreTags bool
	// NextDue is the first due instant after now, or nil. Whole days have none.
	NextDue *time.Time
}

// TagCount is the number of a user's open tasks with a tag.
type TagCount struct {
	Tag   string
	Count int
}

// MaxCountedTags is the maximum number of tags in TaskCounts. More would make every page long.
const MaxCountedTags = 200

// CountOpenTasks counts a user's open tasks at an instant. The zone of the account decides which day
// it is.
func CountOpenTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time, zone *time.Location) (TaskCounts, error) {
	today := task.DateOf(now.In(zone))
	var c TaskCounts
	err := tx.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE late), count(*) FILTER (WHERE NOT late AND due_at < $4), count(*) FILTER (WHERE due_at >= $4),
			count(*) FILTER (WHERE priority = 'high'), count(*) FILTER (WHERE priority = 'medium'),
			count(*) FILTER (WHERE priority = 'low'), count(*) FILTER (WHERE priority = 'none'),
			min(due_at) FILTER (WHERE NOT whole_day AND due_at > $2)
		FROM (
			SELECT due_at, priority, `+wholeDay+` AS whole_day, CASE WHEN `+wholeDay+` THEN due_on < $3 ELSE due_at < $2 END AS late
			FROM tasks WHERE user_id = $1 AND completed_at IS NULL
		) AS open`, userID, now, today.Midnight(), today.AddDays(1).Start(zone)).
		Scan(&c.All, &c.Overdue, &c.Today, &c.Upcoming, &c.High, &c.Medium, &c.Low, &c.None, &c.NextDue)
	if err != nil {
		return TaskCounts{}, fmt.Errorf("count open tasks: %w", err)
	}
	toUTC(&c.NextDue)
	rows, err := tx.Query(ctx, `
		SELECT tag, count(*) FROM tasks, unnest(tags) AS tag WHERE user_id = $1 AND completed_at IS NULL
		GROUP BY tag ORDER BY count(*) DESC, tag LIMIT $2`, userID, MaxCountedTags+1)
	if err != nil {
		return TaskCounts{}, fmt.Errorf("count tags: %w", err)
	}
	if c.Tags, err = pgx.CollectRows(rows, pgx.RowToStructByPos[TagCount]); err != nil {
		return TaskCounts{}, fmt.Errorf("read counts of tags: %w", err)
	}
	if c.MoreTags = len(c.Tags) > MaxCountedTags; c.MoreTags {
		c.Tags = c.Tags[:MaxCountedTags]
	}
	return c, nil
}
