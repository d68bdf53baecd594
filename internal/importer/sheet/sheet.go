// Package sheet reads tasks from a CSV file with a header, whose columns are matched by name: the
// backup of TickTick, tasks of Outlook, and any other table. A column that is no field of a task is
// kept in the description.
package sheet

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/task"
)

// maxPreamble is the number of rows in which the header is looked for. A backup of TickTick has
// lines before it.
const maxPreamble = 10

// maxNotes is the maximum number of messages about a file.
const maxNotes = 10_000

// open reads up to the header of a table: the first row with a column for a title. With a mapping it is
// the first row with several columns. Without such a row, it is a first row that looks like a header.
func open(data []byte, mapping string) (*csvfile.Reader, csvfile.Row, error) {
	rows, err := csvfile.New(data)
	if err != nil {
		return nil, csvfile.Row{}, err
	}
	for range maxPreamble {
		row, err := rows.Read()
		if err != nil {
			break
		}
		if mapping != "" && len(row.Fields) > 1 || slices.Contains(Match(row.Fields), FieldTitle) {
			return rows, row, nil
		}
	}
	if rows, err = csvfile.New(data); err != nil {
		return nil, csvfile.Row{}, err
	}
	row, err := rows.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, csvfile.Row{}, err
	}
	if !isHeader(row.Fields) {
		return nil, csvfile.Row{}, ErrNoTitle
	}
	return rows, row, nil
}

// ErrNoTitle is the error of a file without a header.
var ErrNoTitle = task.Errorf(task.CodeInvalid, "there is no column for the title of a task, such as Title, Task or Subject")

// isHeader reports whether a row may name columns: two or more different names that begin with a letter.
// At least one of them is unknown.
func isHeader(row []string) bool {
	names := map[string]bool{}
	for _, name := range row {
		if name == "" || names[name] || strings.IndexFunc(name, unicode.IsLetter) != 0 {
			return false
		}
		names[name] = true
	}
	return len(row) > 1 && slices.Contains(Match(row), FieldNotes)
}

// Read reads a file. mapping corrects the fields of the columns, in their order. It returns the
// columns as they were read. If no column has the name of a title, the first unknown column becomes the
// title, and is marked as guessed. Its error has code invalid.
func Read(data []byte, mapping string, o importer.Options) (importer.File, []Column, error) {
	rows, header, err := open(data, mapping)
	if err != nil {
		return importer.File{}, nil, err
	}
	fields, err := parseMapping(mapping, header.Fields)
	if err != nil {
		return importer.File{}, nil, err
	}
	guessed := -1
	if !slices.Contains(fields, FieldTitle) {
		if guessed = slices.Index(fields, FieldNotes); mapping != "" || guessed < 0 {
			return importer.File{}, nil, task.Invalid("mapping", "has no column for the title")
		}
		fields[guessed] = FieldTitle
	}
	var all []csvfile.Row
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return importer.File{}, nil, err
		}
		if strings.Join(row.Fields, "") == "" {
			continue
		}
		if len(all) >= o.Limit {
			return importer.File{}, nil, task.Errorf(task.CodeInvalid, "line %d: the file has more than %d tasks: split it", row.Line, o.Limit)
		}
		all = append(all, row)
	}
	columns := make([]Column, len(header.Fields))
	for i, name := range header.Fields {
		columns[i] = Column{Name: name, Field: fields[i], Guessed: i == guessed}
		for _, row := range all {
			if v := row.Get(i); v != "" {
				columns[i].Sample = importer.Shorten(v)
				break
			}
		}
	}
	r := reader{o: o, columns: columns, file: importer.File{Notes: rows.Notes}, ticktick: slices.Contains(header.Fields, "taskId"), keys: map[string]int{}}
	if r.zone, err = task.LoadZone(o.Zone); err != nil {
		r.zone = time.UTC
	}
	r.order = orderOf(all, fields)
	for _, row := range all {
		if err := o.Stopped(); err != nil {
			return importer.File{}, nil, err
		}
		r.add(row)
	}
	return r.file, columns, nil
}

type reader struct {
	o        importer.Options
	zone     *time.Location
	columns  []Column
	order    order
	ticktick bool
	keys     map[string]int
	file     importer.File
}

// get returns the first value of a field.
func (r *reader) get(row csvfile.Row, field Field) string {
	for i, c := range r.columns {
		if c.Field == field && row.Get(i) != "" {
			return row.Get(i)
		}
	}
	return ""
}

func (r *reader) add(row csvfile.Row) {
	b := &importer.Builder{Task: task.Task{Title: r.get(row, FieldTitle), TimeZone: r.o.Zone}}
	zone := r.zone
	if name := r.get(row, FieldZone); name != "" {
		if iana, found, ok := importer.FindZone(name); ok && iana != "" {
			b.Task.TimeZone, zone = iana, found
		} else {
			b.Keep("Time zone", name, "the time zone is not known")
		}
	}
	for i, c := range r.columns {
		v := row.Get(i)
		switch {
		case v == "", c.Field == FieldNotes && v == r.get(row, FieldDue): // a start that is the due date
		case c.Field == FieldDescription:
			b.Write(checklist(v))
		case c.Field == FieldNotes && !r.unused(c.Name):
			b.Write(c.Name + ": " + v)
		case c.Field == FieldTags:
			b.Task.Tags = append(b.Task.Tags, splitTags(v)...)
		}
	}
	r.priority(b, r.get(row, FieldPriority))
	r.due(b, row, zone)
	r.completed(b, row, zone)
	if v := r.get(row, FieldCreatedAt); v != "" {
		if at, _, ok := r.order.parse(v, zone); ok {
			b.Task.CreatedAt = at
		}
	}
	r.repeat(b, r.get(row, FieldRepeat))
	r.reminders(b, r.get(row, FieldReminder))
	key := r.get(row, FieldID)
	if key == "" {
		key = fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%q %q %q", b.Task.Title, b.Task.Tags, r.get(row, FieldDue))))
	}
	if r.keys[key]++; r.keys[key] > 1 {
		key = fmt.Sprint(key, " ", r.keys[key])
	}
	r.file.AddFitted(importer.Task{Key: "csv " + key, Line: row.Line, Task: b.Done()}, b.Notes)
	r.file.Notes = r.file.Notes[:min(len(r.file.Notes), maxNotes)]
}

// unused reports whether a column has settings of a view of TickTick or Outlook.
func (r *reader) unused(name string) bool {
	switch name {
	case "Order", "Kind", "Is Check list", "Is Floating", "Column Order", "View Mode", "parentId":
		return r.ticktick
	case "Reminder On/Off", "Total Work", "Actual Work", "Mileage", "Private", "Sensitivity", "Schedule+ Priority", "Role":
		return true
	}
	return false
}

// checklist returns the checklist of a TickTick task in Markdown.
func checklist(s string) string {
	return strings.NewReplacer("▫", "- [ ] ", "▪", "- [x] ", "\r", "\n").Replace(s)
}

func splitTags(v string) []string {
	separate := func(r rune) bool { return r == ',' || r == ';' }
	if strings.HasPrefix(v, "#") {
		separate = func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '#' }
	}
	var tags []string
	for _, tag := range strings.FieldsFunc(v, separate) {
		if tag = strings.TrimSpace(tag); !strings.EqualFold(tag, "inbox") {
			tags = append(tags, tag)
		}
	}
	return tags
}
