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
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// MediaType is the media type of a CSV file (RFC 7111).
const MediaType = "text/csv"

// The limits beyond those of tasks. They bound the memory for reading any file.
const (
	maxColumns  = 100
	maxNotes    = 10_000
	maxRow      = 1 << 20 // bytes
	maxName     = 500     // bytes of the name of a project or section, which each of its tasks has
	maxIndent   = 10
	maxComments = 1 << 20 // bytes per task
)

// Read reads a file. The key of a task derives from its project, section, parents and content. Its error has code invalid and names line and column.
func Read(data []byte, o importer.Options) (importer.File, error) {
	if len(o.Name) > maxName {
		return importer.File{}, task.Errorf(task.CodeInvalid, "the file's name is longer than %d bytes", maxName)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := checkText(data); err != nil {
		return importer.File{}, err
	}
	if err := checkWidth(data); err != nil {
		return importer.File{}, err
	}
	rows := csv.NewReader(bytes.NewReader(data))
	rows.FieldsPerRecord = -1 // missing fields at the end of a line are empty
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return importer.File{}, task.Errorf(task.CodeInvalid, "the file is empty")
	}
	if err != nil {
		return importer.File{}, syntax(err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToUpper(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"TYPE", "CONTENT"} {
		if _, ok := columns[name]; !ok {
			return importer.File{}, task.Errorf(task.CodeInvalid, "line 1, column 1: there is no column %s, so this is not a Todoist CSV file", name)
		}
	}
	r := newReader(o)
	for {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			r.finish()
			return r.file, nil
		}
		if err != nil {
			return importer.File{}, syntax(err)
		}
		line, _ := rows.FieldPos(0)
		if err := r.row(row{line: line, columns: columns, fields: fields}); err != nil {
			return importer.File{}, err
		}
	}
}

// checkText reports the first byte that is not UTF-8.
func checkText(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	for n, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			column := 0
			for len(line) > 0 {
				c, size := utf8.DecodeRune(line)
				if column++; c == utf8.RuneError && size == 1 {
					break
				}
				line = line[size:]
			}
			return task.Errorf(task.CodeInvalid, "line %d, column %d: is not UTF-8: save the file with that encoding", n+1, column)
		}
	}
	return nil
}

// checkWidth refuses a line with very many columns before it is parsed. Each parsed column takes
// many times its size in the file.
func checkWidth(data []byte) error {
	line, columns, quoted := 1, 1, false
	for _, c := range data {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			line++
			if !quoted {
				columns = 1
			}
		case c == ',' && !quoted:
			if columns++; columns > maxColumns {
				return task.Errorf(task.CodeInvalid, "line %d: there are more than %d columns, so this is not a Todoist CSV file", line, maxColumns)
			}
		}
	}
	return nil
}

func syntax(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return task.Errorf(task.CodeInvalid, "line %d, column %d: %v", e.Line, e.Column, e.Err)
	}
	return fmt.Errorf("read CSV: %w", err)
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
	return strings.TrimSpace(r.fields[i])
}
