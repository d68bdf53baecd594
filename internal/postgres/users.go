package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// The first days of a week.
const (
	WeekMonday   = "monday"
	WeekSunday   = "sunday"
	WeekSaturday = "saturday"
)

// User is an account. Email is lower case. PasswordHash is argon2id in PHC form.
type User struct {
	ID           uuid.UUID
	Email        string
	PasswordHash string
	TimeZone     string
	// WeekStart is WeekMonday, WeekSunday or WeekSaturday.
	WeekStart string
	// Language is the language of quick add: en, de, fr or es.
	Language string
	// LineSigns are the signs that quick add reads: own or todoist.
	LineSigns string
	Revision  int64
	CreatedAt time.Time
	// Epoch identifies the history of the revision.
	Epoch string
	// ChosenReminders are the reminders of tasks that name none. Nil means the usual ones.
	ChosenReminders *task.ReminderDefaults
	// ConfirmedAt is when the person proved that e-mail to Email arrives. Nil means not yet.
	ConfirmedAt *time.Time
	Admin       bool
	// DisabledAt is when an administrator disabled the account. Nil means that it is enabled.
	DisabledAt *time.Time
	// QuotaBytes is the account's own quota. Nil means that of the installation, and 0 no limit.
	QuotaBytes *int64
	// ExpiresAt is when the account is deleted. Nil means never.
	ExpiresAt *time.Time
}

// DefaultReminders returns the reminders of tasks that name none.
func (u User) DefaultReminders() task.ReminderDefaults {
	if u.ChosenReminders == nil {
		return task.UsualReminders()
	}
	return *u.ChosenReminders
}

const userColumns = `id, email, password_hash, time_zone, week_start, language, line_signs, revision, created_at`

// userRow are the columns of a User.
const userRow = userColumns + `, ` + epochOf + `, default_reminders, confirmed_at, admin, disabled_at, quota_bytes, expires_at`

// InsertUser stores a new user. The week starts on Monday if WeekStart is empty, and the
// language is English if Language is. It returns code
// conflict if the e-mail address has an account.
func InsertUser(ctx context.Context, tx pgx.Tx, u User) error {
	_, err := tx.Exec(ctx, `INSERT INTO users (`+userColumns+`, confirmed_at, admin, expires_at) VALUES ($1, $2, $3, $4, coalesce(nullif($5, ''), 'monday'),
			coalesce(nullif($6, ''), 'en'), coalesce(nullif($12, ''), 'own'), $7, $8, $9, $10, $11)`,
		u.ID, u.Email, u.PasswordHash, u.TimeZone, u.WeekStart, u.Language, u.Revision, u.CreatedAt, u.ConfirmedAt, u.Admin, u.ExpiresAt, u.LineSigns)
	if isUniqueViolation(err) {
		return task.Errorf(task.CodeConflict, "there is an account with this e-mail address already")
	}
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	return nil
}

// UserByID returns a user. It returns code not_found if there is none.
func UserByID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (User, error) {
	return oneUser(ctx, tx, `SELECT `+userRow+` FROM users WHERE id = $1 AND `+notDeleted, id)
}

// Revisions returns the revisions of users by ID. It leaves out users that do not exist.
func Revisions(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]int64, error) {
	rows, err := tx.Query(ctx, `SELECT id, revision FROM users WHERE id = ANY ($1) AND `+notDeleted, ids)
	if err != nil {
		return nil, fmt.Errorf("query revisions: %w", err)
	}
	revisions := make(map[uuid.UUID]int64, len(ids))
	var id uuid.UUID
	var revision int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &revision}, func() error {
		revisions[id] = revision
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	return revisions, nil
}

// UserByEmail returns the user with a lower-case e-mail address. It returns code not_found if there
// is none.
func UserByEmail(ctx context.Context, tx pgx.Tx, email string) (User, error) {
	return oneUser(ctx, tx, `SELECT `+userRow+` FROM users WHERE email = $1`, email)
}

// LockUser returns a user and holds the row until the transaction ends. No change of the user's
// tasks can commit meanwhile. Rows that refer to the user can still be inserted: the deliveries of
// a reminder do not wait for a long import. It returns code not_found if there is none.
func LockUser(ctx context.Context, tx pgx.Tx, id uuid.UUID) (User, error) {
	return oneUser(ctx, tx, lockUser, id)
}

const lockUser = `SELECT ` + userRow + ` FROM users WHERE id = $1 AND ` + notDeleted + ` FOR NO KEY UPDATE`

// LockUserToDelete is LockUser for DeleteUser. Inserts of rows that refer to the user wait and then
// fail.
func LockUserToDelete(ctx context.Context, tx pgx.Tx, id uuid.UUID) (User, error) {
	return oneUser(ctx, tx, `SELECT `+userRow+` FROM users WHERE id = $1 AND `+notDeleted+` FOR UPDATE`, id)
}

// UpdateUser stores a user's time zone, week start, language, signs, password hash and default
// reminders. It returns code not_found if there is no such user.
func UpdateUser(ctx context.Context, tx pgx.Tx, u User) error {
	return execOne(ctx, tx, "update user", ErrNoUser, `
		UPDATE users SET time_zone = $2, week_start = $3, password_hash = $4, default_reminders = $5, language = $6, line_signs = $7 WHERE id = $1`,
		u.ID, u.TimeZone, u.WeekStart, u.PasswordHash, u.ChosenReminders, u.Language, u.LineSigns)
}

// DeleteUser deletes a user with all data, including unpublished events and pending deliveries.
// References from outside the database (a reminder's job, an event in the broker) then find
// nothing. Call LockUserToDelete first, or RemoveRows for a closed account. It returns code not_found
// if there is no such user.
func DeleteUser(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	rows, err := tx.Query(ctx, `SELECT id FROM deliveries WHERE user_id = $1`, id)
	if err != nil {
		return fmt.Errorf("query user's deliveries: %w", err)
	}
	deliveries, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("read user's deliveries: %w", err)
	}
	// The user's row goes first, because every transaction locks it first. It does not cascade to
	// the outbox and the queue of deliveries.
	tag, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNoUser
	}
	// Rows of the outbox are locked in the order of seq, like in Replay.
	_, err = tx.Exec(ctx, `DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE user_id = $1 ORDER BY seq FOR UPDATE)`, id)
	if err != nil {
		return fmt.Errorf("delete user's events: %w", err)
	}
	if err := deleteJobs(ctx, tx, "user_id", id); err != nil {
		return err
	}
	if err := deleteJobs(ctx, tx, "delivery_id", deliveries...); err != nil {
		return err
	}
	return deleteUsage(ctx, tx, id)
}

// deleteJobs deletes the jobs of the delivery queue that have one of values as an argument. A job that
// runs now finds its delivery or its user deleted. The form of the statement uses the index of the
// arguments for each value.
func deleteJobs(ctx context.Context, tx pgx.Tx, argument string, values ...uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM river_job WHERE state <> 'running' AND id IN (
			SELECT j.id FROM unnest($2::text[]) v CROSS JOIN LATERAL (SELECT id FROM river_job WHERE args @> jsonb_build_object($1::text, v)) j
		)`, argument, values)
	if err != nil {
		return fmt.Errorf("delete jobs of deliveries: %w", err)
	}
	return nil
}

// NextRevision reserves the user's next revision and holds the user's row until the transaction
// ends. Call it before reading a task to change it. It returns code not_found if there is no such
// user.
func NextRevision(ctx context.Context, tx pgx.Tx, userID uuid.UUID) (int64, error) {
	var revision int64
	err := tx.QueryRow(ctx, `UPDATE users SET revision = revision + 1 WHERE id = $1 AND `+notDeleted+` RETURNING revision`, userID).Scan(&revision)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNoUser
	}
	if err != nil {
		return 0, fmt.Errorf("take revision: %w", err)
	}
	return revision, nil
}

// SetRevision sets the revision of a user whose row the transaction has locked.
func SetRevision(ctx context.Context, tx pgx.Tx, userID uuid.UUID, revision int64) error {
	if _, err := tx.Exec(ctx, `UPDATE users SET revision = $2 WHERE id = $1`, userID, revision); err != nil {
		return fmt.Errorf("set revision: %w", err)
	}
	return nil
}

// ErrNoUser reports that the user does not exist or was deleted.
var ErrNoUser = task.Errorf(task.CodeNotFound, "there is no such user")

func oneUser(ctx context.Context, tx pgx.Tx, sql string, args ...any) (User, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return User{}, fmt.Errorf("query user: %w", err)
	}
	return readUser(rows)
}

func readUser(rows pgx.Rows) (User, error) {
	u, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[User])
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNoUser
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	u.CreatedAt = u.CreatedAt.UTC()
	toUTC(&u.ConfirmedAt)
	toUTC(&u.DisabledAt)
	toUTC(&u.ExpiresAt)
	return u, nil
}
