package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// taskFields is the body of POST and PATCH: the given fields by name. An absent field keeps its
// value, and null clears it.
type taskFields map[string]json.RawMessage

// apply sets the fields on t and reports every field that cannot be set. It replaces each field as
// a whole, including recurrence and lists. An instant in due_at replaces a day in due_on, and the
// reverse. A null clears its own field only: programs that do not know due_on send back the null
// that they read.
func (fields taskFields) apply(t *task.Task) error {
	if err := fields.set(writable(t), apiv1.ReadOnlyTaskFields()); err != nil {
		return err
	}
	instant, day := fields.names("due_at"), fields.names("due_on")
	if instant && !day {
		t.DueOn = nil
	}
	if day && !instant {
		t.DueAt = nil
	}
	return nil
}

// names reports whether a field is present and not null.
func (fields taskFields) names(name string) bool {
	raw, ok := fields[name]
	return ok && !bytes.Equal(raw, []byte("null"))
}

// restore sets the fields of an exported task, including those that only the system sets.
func (fields taskFields) restore(t *task.Task) error {
	targets := writable(t)
	maps.Copy(targets, map[string]any{
		"id": &t.ID, "completed_at": &t.CompletedAt, "series_id": &t.SeriesID, "occurrence": &t.Occurrence,
		"snoozed_until": &t.SnoozedUntil, "uid": &t.UID, "revision": &t.Revision, "created_at": &t.CreatedAt, "updated_at": &t.UpdatedAt,
	})
	return fields.set(targets, nil)
}

func writable(t *task.Task) map[string]any {
	return map[string]any{
		"title": &t.Title, "description": &t.Description, "completed": &t.Completed, "priority": &t.Priority, "tags": &t.Tags,
		"due_at": &t.DueAt, "due_on": &t.DueOn, "time_zone": &t.TimeZone, "recurrence": &t.Recurrence, "reminders": &t.Reminders,
	}
}

func (fields taskFields) set(targets map[string]any, refused []string) error {
	var bad []task.FieldError
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		target, ok := targets[name]
		switch {
		case slices.Contains(refused, name):
			bad = append(bad, task.FieldError{Field: name, Message: "cannot be set"})
		case !ok:
			bad = append(bad, task.FieldError{Field: name, Message: "is not a known field"})
		default:
			// Decoding merges into the old value, but a field has to be replaced.
			reflect.ValueOf(target).Elem().SetZero()
			if err := decodeField(fields[name], target); err != nil {
				bad = append(bad, inField(name, err)...)
			}
		}
	}
	return task.InvalidFields(bad)
}

func decodeField(raw json.RawMessage, target any) error {
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return server.DecodeJSON(raw, target)
}

// inField puts the name of a field before the paths inside it.
func inField(name string, err error) []task.FieldError {
	invalid, ok := errors.AsType[*task.Error](err)
	if !ok || len(invalid.Fields) == 0 {
		return []task.FieldError{{Field: name, Message: err.Error()}}
	}
	fields := make([]task.FieldError, len(invalid.Fields))
	for i, f := range invalid.Fields {
		if f.Field != "" && !strings.HasPrefix(f.Field, "[") {
			f.Field = "." + f.Field
		}
		fields[i] = task.FieldError{Field: name + f.Field, Message: f.Message}
	}
	return fields
}
