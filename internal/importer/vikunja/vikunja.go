// Package vikunja reads tasks from the data.json of Vikunja's user data export: a list of projects
// with their tasks.
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
// Data that tasks cannot hold, such as assignees, is kept in the description, with a note.
package vikunja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// DataFile is the name of the file in an export that contains the tasks.
const DataFile = "data.json"

// Read reads data.json. Its error has code invalid and names line and column. For invalid JSON they
// are the place of the error, and otherwise the beginning of the task or project.
func Read(data []byte, o importer.Options) (importer.File, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, new(skip)); err != nil {
		return importer.File{}, syntax(data, err)
	}
	r := reader{o: o, data: data, d: json.NewDecoder(bytes.NewReader(data)), markdown: newMarkdown()}
	err := r.projects(0)
	return r.file, err
}

// syntax returns an error with the place of invalid JSON.
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

// place returns the line and column of a byte.
func place(data []byte, offset int) string {
	before := data[:min(max(offset, 0), len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}
