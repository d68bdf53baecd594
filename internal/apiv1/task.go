package apiv1

import (
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/history"
	"taskmaster/internal/task"
)

// Snooze is the body of POST /tasks/{id}/snooze: the delay or the instant of the next reminder.
type Snooze struct {
	Minutes int        `json:"minutes,omitempty" validate:"omitempty,min=1,max=40320"`
	Until   *time.Time `json:"until,omitempty"`
}

// HistoryItem is an entry in the history of a task. Number counts the entries; 0 is the creation.
type HistoryItem struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	Type   string    `json:"type"`
	history.Detail
}

// Change is a change in the form that /live sends.
type Change struct {
	Revision int64     `json:"revision"`
	Type     string    `json:"type"`
	Task     task.Task `json:"task"`
}

// ChangePage is the answer to GET /changes. Resync reports that the items are incomplete: changes
// after since are no longer stored, or since is newer than the user's revision or of another epoch.
// The client then has to list its tasks again. NextCursor is the revision to ask with next.
type ChangePage struct {
	Page[Change]
	Revision int64 `json:"revision"`
	// Epoch names the history that the revisions belong to. The client sends it together with
	// since.
	Epoch  string `json:"epoch"`
	Resync bool   `json:"resync"`
}

// Occurrence is the body of POST /internal/occurrences: the task that follows a completed one. Only
// services/recurring sends it, and the OpenAPI document leaves it out. CompletedRevision is the
// revision of the completion.
type Occurrence struct {
	UserID            uuid.UUID `json:"user_id"`
	PreviousID        uuid.UUID `json:"previous_id"`
	CompletedRevision int64     `json:"completed_revision"`
	Task              task.Task `json:"task"`
}

// ReadOnlyTaskFields returns the fields of a task that only the system sets. A request to create or
// change a task must not contain them. A file with exported tasks may.
func ReadOnlyTaskFields() []string {
	return []string{"id", "completed_at", "series_id", "occurrence", "snoozed_until", "uid", "revision", "created_at", "updated_at"}
}
