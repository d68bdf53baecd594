package apiv1

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// Export is the answer to GET /export in JSON. api writes it in parts.
type Export struct {
	Version    int       `json:"version"`
	ExportedAt time.Time `json:"exported_at"`
	// Settings, Channels, Connections and Conversations are only for callers with the scope account.
	Settings      *ExportedSettings    `json:"settings,omitempty"`
	Channels      []ExportedChannel    `json:"channels,omitempty"`
	Connections   []ExportedConnection `json:"connections,omitempty"`
	Conversations []Conversation       `json:"conversations,omitempty"`
	Tasks         []task.Task          `json:"tasks"`
	History       []ExportedHistory    `json:"history,omitempty"`
}

// ExportedSettings are the account settings in an export.
type ExportedSettings struct {
	TimeZone  string `json:"time_zone" validate:"omitempty,timezone"`
	WeekStart string `json:"week_start" validate:"omitempty,oneof=monday sunday saturday"`
	// Language is absent in older exports.
	Language string `json:"language,omitempty" validate:"omitempty,oneof=en de fr es"`
	// LineSigns is absent in older exports.
	LineSigns string `json:"line_signs,omitempty" validate:"omitempty,oneof=own todoist"`
	// DefaultReminders are absent if the account has the usual ones.
	DefaultReminders *task.ReminderDefaults `json:"default_reminders,omitempty"`
}

// ExportedChannel is a channel in an export. It has no secrets. Of a URL it has only the host,
// because the rest often is a secret. A person can see which channels to add again, and nobody else
// can use it.
type ExportedChannel struct {
	Kind    string `json:"kind"`
	Where   string `json:"where"`
	Enabled bool   `json:"enabled"`
}

// ExportedConnection is a client in an export that was connected by OAuth. It has no secrets.
type ExportedConnection struct {
	Name      string    `json:"name"`
	Place     string    `json:"place"`
	Scopes    []string  `json:"scopes"`
	CreatedAt time.Time `json:"created_at"`
}

// ExportedHistory is a history entry of a task in an export.
type ExportedHistory struct {
	TaskID uuid.UUID `json:"task_id"`
	HistoryItem
}

// ImportResult is the answer to POST /import.
type ImportResult struct {
	ImportCounts
	// DryRun reports that nothing was added: the result is the one of a real import.
	DryRun bool `json:"dry_run"`
	// Sample holds the first tasks that were added.
	Sample []ImportSample `json:"sample"`
	// Notes list the changed and omitted parts, in the order of the file.
	Notes []ImportNote `json:"notes"`
	// Columns are the columns of a table whose columns were matched by name, with the field that each
	// was read as.
	Columns []ImportColumn `json:"columns,omitempty"`
}

// ImportColumn is a column of an imported table.
type ImportColumn struct {
	Name string `json:"name"`
	// Field is the meaning of the column, as in the parameter mapping.
	Field string `json:"field"`
	// Sample is the first value in the column.
	Sample string `json:"sample"`
}

// ImportCounts counts the entries of a file.
type ImportCounts struct {
	Created int `json:"created"`
	// Skipped is the number of entries that the account has already.
	Skipped int `json:"skipped"`
}

// ImportSample is a task that an import added.
type ImportSample struct {
	Title     string        `json:"title"`
	Completed bool          `json:"completed"`
	DueAt     *time.Time    `json:"due_at"`
	DueOn     *task.Date    `json:"due_on"`
	TimeZone  string        `json:"time_zone"`
	Priority  task.Priority `json:"priority"`
	Tags      []string      `json:"tags"`
	RRule     string        `json:"rrule,omitempty"`
}

// ImportNote describes a part of a file that was changed or omitted.
type ImportNote struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"`
}

// Import is the body of POST /import in JSON. Channels add nothing: the result names them. History,
// connections and conversations are ignored.
type Import struct {
	Version       int               `json:"version"`
	ExportedAt    *time.Time        `json:"exported_at,omitempty"`
	Settings      *ExportedSettings `json:"settings,omitempty"`
	Channels      []ExportedChannel `json:"channels,omitempty"`
	Connections   []json.RawMessage `json:"connections,omitempty"`
	Conversations []json.RawMessage `json:"conversations,omitempty"`
	Tasks         []task.Task       `json:"tasks"`
	History       []json.RawMessage `json:"history,omitempty"`
}
