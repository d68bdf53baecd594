// Package formats finds the program that wrote a file, and reads its tasks.
package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/importer/google"
	"taskmaster/internal/importer/microsoft"
	"taskmaster/internal/importer/sheet"
	"taskmaster/internal/importer/things"
	"taskmaster/internal/importer/todoist"
	"taskmaster/internal/importer/trello"
	"taskmaster/internal/importer/vikunja"
	"taskmaster/internal/task"
)

// Known names the files that can be imported.
const Known = "iCalendar (.ics) of Apple Reminders, Nextcloud and others, CSV of Todoist, TickTick, Outlook and any table with a header, " +
	"JSON of Google Tasks, Microsoft To Do, Trello, Things and Vikunja, ZIP of Todoist and Vikunja, and the export of TaskMaster"

// errUnknown returns the error for a file of an unknown program.
func errUnknown() error {
	return task.Errorf(task.CodeInvalid, "this file is none of these: %s", Known)
}

// ReadCSV reads a CSV file. mapping corrects the fields of a table's columns, see sheet.Read. It
// returns the columns of a table whose columns were matched. Its error has code invalid.
func ReadCSV(data []byte, mapping string, o importer.Options) (importer.File, []sheet.Column, error) {
	rows, err := csvfile.New(data)
	if err != nil {
		return importer.File{}, nil, err
	}
	header, err := rows.Read()
	if mapping == "" && (err != nil || todoist.Matches(header.Fields)) {
		file, err := todoist.Read(data, o)
		return file, nil, err
	}
	file, columns, err := sheet.Read(data, mapping, o)
	if mapping == "" && errors.Is(err, sheet.ErrNoTitle) {
		return importer.File{}, nil, errUnknown()
	}
	return file, columns, err
}

// JSON is a program that writes JSON.
type JSON int

// The programs. Export is TaskMaster.
const (
	Unknown JSON = iota
	Export
	Google
	Microsoft
	Trello
	Things
	Vikunja
)

// Detect returns the program that wrote a JSON file. It reads the names of the first members.
func Detect(data []byte) JSON {
	d := json.NewDecoder(bytes.NewReader(importer.Text(data)))
	first, err := d.Token()
	if err != nil {
		return Unknown
	}
	list := first == json.Delim('[')
	if list {
		if first, err = d.Token(); err != nil {
			return Unknown
		}
	}
	if first != json.Delim('{') {
		return Unknown
	}
	names := map[string]string{}
	for d.More() && len(names) < 200 {
		name, err := d.Token()
		if err != nil {
			break
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		key, _ := name.(string)
		names[key] = string(value[:min(len(value), 100)])
	}
	return detect(names, list)
}

func detect(names map[string]string, list bool) JSON {
	has := func(all ...string) bool {
		for _, name := range all {
			if _, ok := names[name]; !ok {
				return false
			}
		}
		return true
	}
	switch kind := strings.Trim(names["type"], `"`); {
	case list && (kind == "to-do" || kind == "project" || kind == "heading"):
		return Things
	case list && has("displayName", "tasks"), list && has("title", "importance"), list && has("displayName", "wellknownListName"):
		return Microsoft
	case list && has("title") && (has("tasks") || has("buckets") || has("lists") || has("is_archived")):
		return Vikunja
	case list:
		return Unknown
	case strings.HasPrefix(names["kind"], `"tasks#`):
		return Google
	case has("cards", "lists"):
		return Trello
	case has("@odata.context"), has("value"), has("lists") && !has("version"):
		return Microsoft
	case has("version"), has("tasks"), has("items"):
		return Export
	}
	return Unknown
}

// ReadJSON reads a JSON file of another program. Its error has code invalid.
func ReadJSON(data []byte, program JSON, o importer.Options) (importer.File, error) {
	switch program {
	case Google:
		return google.Read(data, o)
	case Microsoft:
		return microsoft.Read(data, o)
	case Trello:
		return trello.Read(data, o)
	case Things:
		return things.Read(data, o)
	case Vikunja:
		return vikunja.Read(importer.Text(data), o)
	default:
		return importer.File{}, errUnknown()
	}
}
