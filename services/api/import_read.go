package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/importer"
	"taskmaster/internal/importer/formats"
	"taskmaster/internal/importer/ical"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// importReader collects the entries of a file and the problems with them.
type importReader struct {
	now  time.Time
	zone string
	// defaults are the reminders of tasks that name none.
	defaults task.ReminderDefaults
	// count is the number of entries seen so far, good and bad.
	count   int
	entries []entry
	bad     []task.FieldError
	// notes list the changed and omitted parts.
	notes []apiv1.ImportNote
	// settings are the account settings in the file; nil if it has none.
	settings *apiv1.ExportedSettings
	// columns are the matched columns of a table.
	columns []apiv1.ImportColumn
	// guessed reports whether the title of a table was guessed. Then only a preview is made.
	guessed bool
}

// checkLimits returns an error if the file has too many bad fields or takes too long.
func (in *importReader) checkLimits(ctx context.Context) error {
	if len(in.bad) >= task.MaxFieldErrors {
		return task.InvalidFields(in.bad)
	}
	return checkTime(ctx)
}

// checkTime returns an error if the time for the file is over, or its sender is gone.
func checkTime(ctx context.Context) error {
	if ctx.Err() != nil {
		return task.Errorf(task.CodeInvalid, "the file takes too long to check: split it")
	}
	return nil
}

// add checks an entry. It appends where to the messages about its fields.
func (in *importReader) add(e entry, where string, bad []task.FieldError) {
	name := fmt.Sprintf("tasks[%d]", in.count)
	in.count++
	if e.task.Reminders == nil {
		e.task.Reminders = in.defaults.Of(e.task.DueOn != nil)
	}
	e.task.Normalize()
	in.complete(&e.task)
	if len(bad) == 0 {
		if err := e.task.Validate(); err != nil {
			bad = inField(name, err)
		} else {
			bad = checkInstants(name, e.task)
		}
	}
	for _, f := range bad {
		f.Message += where
		in.bad = append(in.bad, f)
	}
	if len(in.bad) == 0 {
		in.entries = append(in.entries, e)
	}
}

// complete derives dependent fields, as for a task that was created here.
func (in *importReader) complete(t *task.Task) {
	t.Completed = t.Completed || t.CompletedAt != nil
	if t.Completed {
		t.SnoozedUntil = nil
		if t.CompletedAt == nil {
			t.CompletedAt = &in.now
		}
	}
	t.CreatedAt = t.CreatedAt.UTC().Truncate(time.Microsecond)
	if t.CreatedAt.Year() < 1970 || t.CreatedAt.After(in.now) {
		t.CreatedAt = in.now
	}
}

// checkInstants reports instants that the database cannot store. Validate does not check them,
// because elsewhere only the system sets them.
func checkInstants(name string, t task.Task) []task.FieldError {
	var bad []task.FieldError
	for field, at := range map[string]*time.Time{"completed_at": t.CompletedAt, "occurrence": t.Occurrence, "snoozed_until": t.SnoozedUntil} {
		if at != nil && (at.Year() < 1970 || at.Year() > 9999) {
			bad = append(bad, task.FieldError{Field: name + "." + field, Message: "is not between the years 1970 and 9999"})
		}
	}
	return bad
}

func (in *importReader) readCalendar(ctx context.Context, body []byte) error {
	file, err := ical.Read(body, in.options(ctx, ""))
	if err != nil {
		return err
	}
	if len(file.Tasks) == 0 {
		return task.Errorf(task.CodeInvalid, "the file has no task: no VTODO in a VCALENDAR")
	}
	return in.addFile(ctx, "", file, func(t importer.Task) (entry, string) {
		e := entry{id: t.ID, key: t.Key, task: t.Task}
		if id, err := uuid.Parse(t.Key); err == nil {
			e.key = id.String()
		}
		return e, fmt.Sprintf(" (VTODO on line %d)", t.Line)
	})
}

// options returns the context for reading a file.
func (in *importReader) options(ctx context.Context, name string) importer.Options {
	return importer.Options{
		Name: name, Zone: in.zone, Now: in.now, Limit: maxImported - in.count,
		Stop: func() error { return checkTime(ctx) },
	}
}

// addFile adds the tasks and notes of another program's file. convert returns the entry of a task, and
// its position for messages.
func (in *importReader) addFile(ctx context.Context, name string, file importer.File, convert func(importer.Task) (entry, string)) error {
	for _, n := range file.Notes {
		in.notes = append(in.notes, apiv1.ImportNote{File: name, Line: n.Line, Title: n.Title, Message: n.Message})
	}
	for _, t := range file.Tasks {
		if err := in.checkLimits(ctx); err != nil {
			return err
		}
		e, where := convert(t)
		in.add(e, where, nil)
	}
	return nil
}

// readJSON reads {"version", "exported_at", "settings", "channels", "connections", "conversations",
// "tasks", "history"} entry by entry.
func (in *importReader) readJSON(ctx context.Context, body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return notExport(err)
	}
	version := 0
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return notExport(err)
		}
		switch name {
		case "version":
			err = in.readField(d, "version", &version)
		case "exported_at":
			err = in.readField(d, "exported_at", new(time.Time))
		case "settings":
			err = in.readSettings(d)
		case "channels":
			err = in.readChannels(d)
		case "connections", "conversations":
			err = d.Decode(new(skipped)) // only a person can connect a client or have a conversation
		case "tasks":
			err = in.readList(ctx, d)
		case "history":
			// The history belongs to the other account. In this one the tasks are new.
			if err = d.Decode(new(skipped)); err == nil {
				in.notes = append(in.notes, apiv1.ImportNote{Message: "the history in the file is left out: the history of the tasks begins with this import"})
			}
		default:
			return task.Invalid(fmt.Sprint(name), "is not a known field")
		}
		if task.ErrorCode(err) == task.CodeInvalid {
			return err
		}
		if err != nil {
			return notExport(err)
		}
	}
	if _, err := d.Token(); err != nil || len(bytes.TrimSpace(body[d.InputOffset():])) > 0 {
		return notExport(err)
	}
	if version != exportVersion {
		return task.Invalid("version", fmt.Sprintf("is not %d: the file is of another version, or not an export", exportVersion))
	}
	return nil
}

// readField reads one field of the file other than the tasks.
func (in *importReader) readField(d *json.Decoder, name string, into any) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return notExport(err)
	}
	if err := server.DecodeJSON(raw, into); err != nil {
		return task.InvalidFields(inField(name, err))
	}
	return nil
}

func (in *importReader) readList(ctx context.Context, d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return notExport(err)
	}
	for d.More() {
		if in.count == maxImported {
			return task.Invalid("tasks", fmt.Sprintf("has more than %d entries: split the file", maxImported))
		}
		if err := in.checkLimits(ctx); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		e := entry{task: task.Task{TimeZone: in.zone}}
		var bad []task.FieldError
		var fields taskFields
		err := server.DecodeJSON(raw, &fields)
		if err == nil {
			err = fields.restore(&e.task)
		}
		if err != nil {
			bad = inField(fmt.Sprintf("tasks[%d]", in.count), err)
		}
		if e.task.Title != "" { // an entry without a title is refused below
			fitted, changed := task.FitTitle(e.task.Title)
			if changed != "" {
				in.notes = append(in.notes, apiv1.ImportNote{Title: fitted, Message: changed})
			}
			e.task.Title = fitted
		}
		e.id, e.key = e.task.ID, e.task.ID.String()
		if e.id == uuid.Nil {
			e.key = fmt.Sprintf("without id %x", sha256.Sum256(raw))
		}
		in.add(e, "", bad)
	}
	_, err := d.Token()
	return err
}

// skipped accepts and drops any JSON value.
type skipped struct{}

// UnmarshalJSON does nothing.
func (skipped) UnmarshalJSON([]byte) error { return nil }

func notExport(err error) error {
	detail := `the body is not an export: {"version": 1, "tasks": [...]}`
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		detail += fmt.Sprintf(": byte %d does not belong there", syntax.Offset)
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		detail += ": the file ends in the middle"
	}
	detail += ". These files can be imported: " + formats.Known
	return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: detail}
}
