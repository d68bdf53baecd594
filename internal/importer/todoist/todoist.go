// Package todoist reads tasks from Todoist's CSV files. Todoist exports a project as one, and its
// backups contain one per project
// (https://todoist.com/help/articles/import-or-export-a-project-as-a-csv-file-in-todoist-YC8YvN).
//
//	CONTENT             title; @label is a tag
//	file's name, section  tags
//	DESCRIPTION, notes  description
//	PRIORITY            1 high, 2 medium, 3 low, 4 none
//	DATE, TIMEZONE      due date and recurrence, by internal/phrase where it is English
//	INDENT              "Part of: ..." in the description
//	RESPONSIBLE, DURATION, DEADLINE  lines in the description
//
// An unreadable date is kept in the description, with a note. The file has no completed tasks and
// no reminders.
package todoist

import (
	"errors"
	"io"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/task"
)

// The limits beyond those of tasks. They bound the memory for reading any file.
const (
	maxNotes    = 10_000
	maxName     = 500 // bytes of the name of a project or section, which each of its tasks has
	maxIndent   = 10
	maxComments = 1 << 20 // bytes per task
)

// Matches reports whether a header is that of a Todoist CSV file.
func Matches(header []string) bool {
	columns := columnsOf(header)
	_, kind := columns["TYPE"]
	_, content := columns["CONTENT"]
	return kind && content
}

// Read reads a file. The key of a task derives from its project, section, parents and content. Its error has code invalid and names line and column.
func Read(data []byte, o importer.Options) (importer.File, error) {
	if len(o.Name) > maxName {
		return importer.File{}, task.Errorf(task.CodeInvalid, "the file's name is longer than %d bytes", maxName)
	}
	rows, err := csvfile.New(data)
	if err != nil {
		return importer.File{}, err
	}
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return importer.File{}, task.Errorf(task.CodeInvalid, "the file is empty")
	}
	if err != nil {
		return importer.File{}, err
	}
	if !Matches(header.Fields) {
		return importer.File{}, task.Errorf(task.CodeInvalid, "line 1: there are no columns TYPE and CONTENT, so this is not a Todoist CSV file")
	}
	r := newReader(o)
	r.file.Notes = rows.Notes
	columns := columnsOf(header.Fields)
	for {
		x, err := rows.Read()
		if errors.Is(err, io.EOF) {
			r.finish()
			return r.file, nil
		}
		if err != nil {
			return importer.File{}, err
		}
		if err := r.row(row{line: x.Line, columns: columns, fields: x.Fields}); err != nil {
			return importer.File{}, err
		}
	}
}

func columnsOf(header []string) map[string]int {
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToUpper(strings.TrimSpace(name))] = i
	}
	return columns
}

// row is a line of the file.
type row struct {
	line    int
	columns map[string]int
	fields  []string
}

// get returns the value of a column, or "" if the line or the file lacks the column.
func (r row) get(column string) string {
	i, ok := r.columns[column]
	if !ok || i >= len(r.fields) {
		return ""
	}
	return r.fields[i]
}
