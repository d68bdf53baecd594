// Package vikunja reads tasks from the data.json of Vikunja's user data export: a list of projects with their tasks.
//
//	title              title
//	description (HTML), comments  description, in Markdown
//	labels, project    tags
//	priority           1 low, 2 medium, 3 and more high
//	due_date           due date
//	repeat_after, repeat_mode  recurrence
//	reminders          reminders
//	done, done_at      completed
//
// What tasks do not have here, such as assignees, is kept in the description, and said.
package vikunja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"taskmaster/internal/task"
)

// DataFile is the name of the file in an export that has the tasks.
const DataFile = "data.json"

// Todo is a task as an export has it.
type Todo struct {
	// Key is the same for a task in every export that has it.
	Key string
	// Task has no id, is within the limits, and is not yet normalized.
	Task task.Task
}

// Note says what was changed or left out of a task.
type Note struct {
	Title   string
	Message string
}

// File is what an export holds.
type File struct {
	Todos []Todo
	Notes []Note
}

// Options are what an export does not say.
type Options struct {
	// Zone (IANA) is where its instants are read on a clock.
	Zone string
	// Limit is how many tasks there may be.
	Limit int
}

// Read reads data.json. The error has code invalid and names line and column: of what is no JSON its own, of anything else that
// of the task or project.
func Read(data []byte, o Options) (File, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, new(skip)); err != nil {
		return File{}, syntax(data, err)
	}
	r := reader{o: o, data: data, d: json.NewDecoder(bytes.NewReader(data))}
	err := r.projects(0)
	return r.file, err
}

// syntax says where what is no JSON begins.
func syntax(data []byte, err error) error {
	offset, message := len(data), "this is not JSON"
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = int(e.Offset) - 1
		if int(e.Offset) >= len(data) {
			message = "unexpected end of the file, or " + message
		}
	}
	return task.Errorf(task.CodeInvalid, "%s: %s", place(data, offset), message)
}

// place says where a byte is.
func place(data []byte, offset int) string {
	before := data[:min(max(offset, 0), len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}
