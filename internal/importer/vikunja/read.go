package vikunja

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// reader collects the tasks of an export. It reads the file once and decodes one task at a time.
type reader struct {
	o    importer.Options
	data []byte
	d    *json.Decoder
	file importer.File
	// markdown converts HTML.
	markdown func(string) string
	// count is the number of tasks read so far.
	count int
}

const (
	// maxProjects is the maximum depth of nested projects. Exports before Vikunja 0.21 have lists
	// in namespaces.
	maxProjects = 3
	// maxTask is the maximum size of a task in an export, in bytes.
	maxTask = 1 << 20
	// maxName is the maximum length of a project's title in bytes. Each of its tasks has the title
	// as a tag.
	maxName = 500
)

// here returns the offset of the next value.
func (r *reader) here() int {
	at := int(r.d.InputOffset())
	return at + len(r.data[at:]) - len(bytes.TrimLeft(r.data[at:], " \t\r\n,:"))
}

// begins refuses a value with another first character.
func (r *reader) begins(with byte, kind string) error {
	at := r.here()
	if at < len(r.data) && r.data[at] != with && r.data[at] != 'n' {
		return task.Errorf(task.CodeInvalid, "%s: this is not %s", place(r.data, at), kind)
	}
	return nil
}

// projects reads a list of projects.
func (r *reader) projects(depth int) error {
	if depth > maxProjects {
		return task.Errorf(task.CodeInvalid, "%s: projects are nested too deeply", place(r.data, r.here()))
	}
	if err := r.begins('[', "a list of projects"); err != nil {
		return err
	}
	return elements(r.d, func() error { return r.project(depth) })
}

// project reads a project. Its title may come after its tasks.
func (r *reader) project(depth int) error {
	if err := r.begins('{', "a project"); err != nil {
		return err
	}
	var p project
	var tasks []source
	err := members(r.d, func(name string) error {
		at := r.here()
		switch name {
		case "title":
			err := r.d.Decode(&p.Title)
			if len(p.Title) > maxName {
				err = fmt.Errorf("is longer than %d bytes", maxName)
			}
			return r.mismatch(at, "title", err)
		case "description":
			return r.mismatch(at, "description", r.d.Decode(&p.Description))
		case "is_archived":
			return r.mismatch(at, "value of is_archived", r.d.Decode(&p.Archived))
		case "tasks":
			if err := r.begins('[', "a list of tasks"); err != nil {
				return err
			}
			return elements(r.d, func() error {
				s, err := r.task()
				tasks = append(tasks, s)
				return err
			})
		case "lists":
			return r.projects(depth + 1)
		}
		return r.d.Decode(new(skip))
	})
	if p.Description != "" {
		r.file.Notes = append(r.file.Notes, importer.Note{Title: p.Title, Message: "projects become tags: the description of the project is left out"})
	}
	for _, s := range tasks {
		if stopped := r.o.Stopped(); stopped != nil {
			return stopped
		}
		r.add(p, s)
	}
	return err
}

func (r *reader) task() (source, error) {
	at := r.here()
	if err := r.o.Stopped(); err != nil {
		return source{}, err
	}
	if r.count++; r.count > r.o.Limit {
		return source{}, task.Errorf(task.CodeInvalid, "%s: the export has more than %d tasks", place(r.data, at), r.o.Limit)
	}
	var raw json.RawMessage
	if err := r.d.Decode(&raw); err != nil {
		return source{}, fmt.Errorf("read a task: %w", err)
	}
	if len(raw) > maxTask {
		return source{}, task.Errorf(task.CodeInvalid, "%s: the task that begins here is larger than %d MiB", place(r.data, at), maxTask>>20)
	}
	var s source
	err := json.Unmarshal(raw, &s)
	return s, r.mismatch(at, "task", err)
}

// mismatch returns an error about a value of the wrong form, with its place.
func (r *reader) mismatch(at int, kind string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("%s is a JSON %s, which does not fit", cmp.Or(e.Field, "it"), e.Value)
	} else if e, ok := errors.AsType[*time.ParseError](err); ok {
		err = fmt.Errorf("%s is not an RFC 3339 instant", importer.Shorten(e.Value))
	} else if strings.HasPrefix(err.Error(), "Time.") {
		err = errors.New("an instant is not a text") // the library's own error does not name a type
	}
	return task.Errorf(task.CodeInvalid, "%s: in the %s that begins here, %v", place(r.data, at), kind, err)
}

// add converts a task and adds it to the file.
func (r *reader) add(p project, s source) {
	b := builder{source: s, markdown: r.markdown}
	b.t = task.Task{
		Title: s.Title, TimeZone: r.o.Zone, CreatedAt: s.Created, Completed: s.Done, Priority: b.priority(), Reminders: []task.Reminder{},
	}
	if text := b.markdown(s.Description); text != "" {
		b.written = append(b.written, text)
	}
	if s.Done && set(s.DoneAt) {
		b.t.CompletedAt = &s.DoneAt
	}
	b.tags(p)
	b.dates()
	b.repeat()
	b.reminders()
	b.extras()
	b.t.Description = strings.Join(b.written, "\n\n")

	key := fmt.Sprintf("vikunja %d %s", s.ID, s.Created.UTC().Format(time.RFC3339Nano))
	if s.ID == 0 {
		where := fmt.Sprintf("%q %q %s", p.Title, s.Title, s.Created.UTC().Format(time.RFC3339Nano))
		key = fmt.Sprintf("vikunja %x", sha256.Sum256([]byte(where)))
	}
	r.file.AddFitted(importer.Task{Key: key, Task: b.t}, b.changed)
}

// set reports whether an instant is set and in range.
func set(t time.Time) bool { return t.Year() >= 1971 && t.Year() <= 9998 }

// builder converts one task.
type builder struct {
	source
	markdown func(string) string
	t        task.Task
	written  []string // paragraphs of the description
	changed  []string
}

// keep adds a value without a field to the description, and a message with the reason.
func (b *builder) keep(name, value, reason string) {
	b.written = append(b.written, name+": "+value)
	b.changed = append(b.changed, fmt.Sprintf("%s: %q is in the description", reason, importer.Shorten(value)))
}

func (b *builder) priority() task.Priority {
	switch p := b.Priority; {
	case p <= 0:
		return task.PriorityNone
	case p == 1:
		return task.PriorityLow
	case p == 2:
		return task.PriorityMedium
	case p > 3:
		b.changed = append(b.changed, fmt.Sprintf("the priority %s is now high, which is the highest", map[bool]string{true: "urgent", false: "do now"}[p == 4]))
		return task.PriorityHigh
	}
	return task.PriorityHigh
}

func (b *builder) tags(p project) {
	if title := strings.TrimSpace(p.Title); !strings.EqualFold(title, "inbox") {
		b.t.Tags = append(b.t.Tags, title)
	}
	for _, label := range b.Labels {
		b.t.Tags = append(b.t.Tags, label.Title)
	}
	if b.Favorite {
		b.t.Tags = append(b.t.Tags, "favorite")
	}
	if p.Archived {
		b.t.Tags = append(b.t.Tags, "archived")
		b.changed = append(b.changed, "is in an archived project: it has the tag archived")
	}
}

func (b *builder) dates() {
	if set(b.DueDate) {
		b.due()
	}
	if set(b.StartDate) {
		b.keep("Starts", b.StartDate.UTC().Format(time.RFC3339), "tasks have no start")
	}
	if set(b.EndDate) {
		b.keep("Ends", b.EndDate.UTC().Format(time.RFC3339), "tasks have no end")
	}
}

// due sets the due date. Vikunja has instants only: the midnight and the last second of a day of the
// account stand for the whole day.
func (b *builder) due() {
	zone, err := task.LoadZone(b.t.TimeZone)
	if err == nil {
		switch local := b.DueDate.In(zone); local.Format(time.TimeOnly) {
		case "00:00:00", "23:59:59":
			b.t.DueOn = new(task.DateOf(local))
			return
		}
	}
	b.t.DueAt = &b.DueDate
}

// The kinds of repetition: seconds after the due date, each month, and seconds after the
// completion.
const (
	repeatAfterDue = iota
	repeatMonthly
	repeatAfterDone
)

const (
	day  = 24 * 60 * 60
	week = 7 * day
)

func (b *builder) repeat() {
	if b.RepeatAfter <= 0 && b.RepeatMode != repeatMonthly || b.Done {
		return
	}
	words := fmt.Sprintf("every %s", time.Duration(min(b.RepeatAfter, 1<<32))*time.Second)
	rule := ""
	switch {
	case b.RepeatMode == repeatMonthly:
		rule, words = "monthly", "every month"
	case b.RepeatAfter%week == 0:
		rule = fmt.Sprintf("FREQ=WEEKLY;INTERVAL=%d", b.RepeatAfter/week)
	case b.RepeatAfter%day == 0:
		rule = fmt.Sprintf("FREQ=DAILY;INTERVAL=%d", b.RepeatAfter/day)
	}
	if rule == "" {
		b.keep("Repeats", words, "tasks repeat after whole days")
		return
	}
	if _, due := b.t.Due(); !due {
		b.keep("Repeats", words, "a task has to be due to repeat")
		return
	}
	repeating := b.t
	repeating.Recurrence = &task.Recurrence{RRule: rule}
	if b.RepeatMode == repeatAfterDone {
		repeating.Recurrence.Anchor = task.AnchorCompletion
	}
	checked := repeating
	checked.Title, checked.Tags, checked.Recurrence = "x", nil, new(*repeating.Recurrence)
	checked.Normalize()
	if checked.Validate() != nil {
		b.keep("Repeats", words, "this recurrence is not possible")
		return
	}
	b.t = repeating
}

// reminders converts the reminders. Reminders of repeating tasks, and reminders relative to the due
// date, become minutes before the due date.
func (b *builder) reminders() {
	all := b.Reminders
	for _, at := range b.OldReminders {
		all = append(all, reminder{At: at})
	}
	for _, given := range all {
		if !set(given.At) {
			if given.RelativeTo != "due_date" || !set(b.DueDate) {
				b.changed = append(b.changed, "a reminder has no time, and is left out")
				continue
			}
			given.At = b.DueDate.Add(time.Duration(max(min(given.Period, week*52), -week*52)) * time.Second)
		}
		at := task.Reminder{At: &given.At}
		if set(b.DueDate) && (given.RelativeTo == "due_date" || b.t.Recurrence != nil) {
			before := b.DueDate.Sub(given.At)
			if b.t.DueOn != nil {
				at = b.beforeDay(given.At)
			} else if minutes := int(before / time.Minute); before >= 0 && before%time.Minute == 0 && minutes <= task.MaxMinutesBefore {
				at = task.Reminder{MinutesBefore: &minutes}
			}
		}
		b.t.Reminders = append(b.t.Reminders, at)
	}
}

// beforeDay returns the reminder of a whole day at an instant.
func (b *builder) beforeDay(at time.Time) task.Reminder {
	if zone, err := task.LoadZone(b.t.TimeZone); err == nil {
		local := at.In(zone)
		days := int(b.t.DueOn.Midnight().Sub(task.DateOf(local).Midnight()) / (24 * time.Hour))
		if days >= 0 && days <= task.MaxDaysBefore {
			return task.Reminder{DaysBefore: &days, TimeOfDay: local.Format("15:04")}
		}
	}
	return task.Reminder{At: &at}
}

// extras adds values that tasks cannot hold to the description.
func (b *builder) extras() {
	for _, kind := range slices.Sorted(maps.Keys(b.Related)) {
		var titles []string
		for _, other := range b.Related[kind] {
			titles = append(titles, other.Title)
		}
		name := map[string]string{"parenttask": "Part of", "subtask": "Sub-tasks", "blocked": "Blocked by"}[kind]
		if len(titles) > 0 {
			b.keep(cmp.Or(name, strings.ToUpper(kind[:min(1, len(kind))])+kind[min(1, len(kind)):]), strings.Join(titles, ", "), "tasks are not related")
		}
	}
	if b.PercentDone > 0 && b.PercentDone < 1 {
		b.keep("Progress", fmt.Sprintf("%.0f %%", b.PercentDone*100), "tasks have no progress")
	}
	var names []string
	for _, person := range b.Assignees {
		names = append(names, cmp.Or(person.Name, person.Username))
	}
	if len(names) > 0 {
		b.keep("Assigned to", strings.Join(names, ", "), "tasks have no assignee")
	}
	names = nil
	for _, file := range b.Attachments {
		names = append(names, file.File.Name)
	}
	if len(names) > 0 {
		b.keep("Files in Vikunja", strings.Join(names, ", "), "files are left out")
	}
	for _, c := range b.Comments {
		if text := b.markdown(c.Comment); text != "" {
			b.written = append(b.written, fmt.Sprintf("%s, %s:\n%s", cmp.Or(c.Author.Name, c.Author.Username, "Comment"), c.Created.UTC().Format(time.DateOnly), text))
		}
	}
}
