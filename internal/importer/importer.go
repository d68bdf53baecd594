// Package importer holds the types that the readers of other programs' files share: ical, todoist and
// vikunja. Each reader turns a file into tasks, and notes the parts that a task cannot hold.
package importer

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// Task is a task of a file.
type Task struct {
	// Key identifies the task in this and in other files.
	Key string
	// ID is the task's id in an export of TaskMaster, or the nil UUID.
	ID uuid.UUID
	// Line is the task's first line in the file. It is 0 if the format has no useful lines.
	Line int
	// Task is valid, has no ID and is not normalized. CreatedAt may be zero.
	Task task.Task
}

// Note is a message about a change or an omission in a file.
type Note struct {
	// Line is the line in the file, or 0.
	Line int
	// Title is the title of the task, or empty for the whole file.
	Title   string
	Message string
}

// File is the content of a file.
type File struct {
	Tasks []Task
	// Notes are in the order of the file.
	Notes []Note
}

// Options is the context that a file does not contain.
type Options struct {
	// Name is the file's name. Todoist names a file after its project.
	Name string
	// Zone (IANA) is the zone of the account, and of times without one.
	Zone string
	// Now is the reference time of dates such as "tomorrow", and of completions without a time.
	Now time.Time
	// Limit is the maximum number of tasks.
	Limit int
	// Stop returns an error when nobody waits for the tasks any more. nil means that somebody does.
	Stop func() error
}

// Stopped returns the error of Stop. Readers ask before each task.
func (o Options) Stopped() error {
	if o.Stop == nil {
		return nil
	}
	return o.Stop()
}

// Room returns an error if the file has no room for a task after n others, or if nobody waits any more.
// Readers ask before each task. The error has code invalid.
func (o Options) Room(n int) error {
	if n >= o.Limit {
		return task.Errorf(task.CodeInvalid, "the file has more than %d tasks: split it", o.Limit)
	}
	return o.Stopped()
}

// AddFitted adds a task that keeps the limits of titles, descriptions and tags. It splits a longer one
// into several tasks. It removes the parts of a task that do not fit, see Mend. It adds the messages
// about the task, the split and the removed parts as notes.
func (f *File) AddFitted(t Task, messages []string) {
	messages = append(messages, Mend(&t.Task)...)
	fitted, cut := task.Fit(t.Task)
	for i, part := range fitted {
		added := Task{Key: t.Key, ID: t.ID, Line: t.Line, Task: part}
		if i > 0 {
			added.ID = uuid.Nil
			added.Key = fmt.Sprint(t.Key, " part ", i+1)
		}
		f.Tasks = append(f.Tasks, added)
	}
	for _, message := range append(messages, cut...) {
		f.Notes = append(f.Notes, Note{Line: t.Line, Title: fitted[0].Title, Message: message})
	}
}

// Add adds a task, with messages about it as notes. A task that is valid is not changed.
func (f *File) Add(t Task, messages []string) {
	if check(t.Task) != nil {
		f.AddFitted(t, messages)
		return
	}
	f.Tasks = append(f.Tasks, t)
	for _, message := range messages {
		f.Notes = append(f.Notes, Note{Line: t.Line, Title: t.Task.Title, Message: message})
	}
}
