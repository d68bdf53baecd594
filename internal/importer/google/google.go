// Package google reads tasks from the Tasks.json of Google Takeout: lists of tasks.
//
//	title, notes       title, description
//	list               tag, except "My Tasks"
//	due                due_on: Google Tasks keeps a date only
//	scheduled_time     due_at, if it has a time of day
//	status, completed  completed
//	parent             "Part of: ..." in the description
package google

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/jsonfile"
	"taskmaster/internal/task"
)

// Kind is the value of "kind" in the file.
const Kind = "tasks#taskLists"

type (
	takeout struct {
		Items jsonfile.List[list] `json:"items"`
	}
	list struct {
		Title jsonfile.Text       `json:"title"`
		Items jsonfile.List[item] `json:"items"`
	}
	item struct {
		ID        jsonfile.Text            `json:"id"`
		Title     jsonfile.Text            `json:"title"`
		Notes     jsonfile.Text            `json:"notes"`
		Status    jsonfile.Text            `json:"status"`
		Due       jsonfile.Text            `json:"due"`
		Completed jsonfile.Text            `json:"completed"`
		Created   jsonfile.Text            `json:"created"`
		Updated   jsonfile.Text            `json:"updated"`
		Parent    jsonfile.Text            `json:"parent"`
		Deleted   jsonfile.Text            `json:"deleted"`
		Scheduled jsonfile.List[scheduled] `json:"scheduled_time"`
		Links     jsonfile.List[link]      `json:"links"`
	}
	scheduled struct {
		Current jsonfile.Text `json:"current"`
		Start   jsonfile.Text `json:"start"`
	}
	link struct {
		Link jsonfile.Text `json:"link"`
	}
)

// Read reads a file. Its error has code invalid.
func Read(data []byte, o importer.Options) (importer.File, error) {
	var in takeout
	if err := jsonfile.Decode(data, &in); err != nil {
		return importer.File{}, err
	}
	var file importer.File
	count := 0
	for _, l := range in.Items {
		titles := map[jsonfile.Text]string{}
		for _, x := range l.Items {
			titles[x.ID] = string(x.Title)
		}
		for _, x := range l.Items {
			if err := o.Room(count); err != nil {
				return importer.File{}, err
			}
			count++
			if x.Deleted.True() {
				continue
			}
			b := x.build(string(l.Title), titles[x.Parent], o)
			key := "google " + string(x.ID)
			if x.ID == "" {
				key = fmt.Sprintf("google %x", sha256.Sum256(fmt.Appendf(nil, "%q %q %q", l.Title, x.Title, x.Due)))
			}
			file.AddFitted(importer.Task{Key: key, Task: b.Done()}, b.Notes)
		}
	}
	return file, nil
}

func (x item) build(list, parent string, o importer.Options) *importer.Builder {
	b := &importer.Builder{Task: task.Task{Title: string(x.Title), TimeZone: o.Zone}}
	b.Write(string(x.Notes))
	for _, l := range x.Links {
		b.Write(string(l.Link))
	}
	if list != "" && !strings.EqualFold(list, "My Tasks") {
		b.Task.Tags = []string{list}
	}
	x.due(b)
	if x.Status == "completed" {
		b.Task.Completed = true
		if at, ok := x.Completed.Instant(); ok {
			b.Task.CompletedAt = &at
		} else if at, ok := x.Updated.Instant(); ok {
			b.Task.CompletedAt = &at
		}
	}
	b.Task.CreatedAt, _ = x.Created.Instant()
	if parent != "" {
		b.Keep("Part of", parent, "there are no sub-tasks")
	}
	return b
}

// due reads the date. The midnight in UTC stands for the whole day.
func (x item) due(b *importer.Builder) {
	for _, s := range x.Scheduled {
		if at, ok := s.Start.Instant(); ok && s.Current.True() && at.UTC().Format(time.TimeOnly) != "00:00:00" {
			b.Task.DueAt = &at
			return
		} else if ok && s.Current.True() && x.Due == "" {
			x.Due = s.Start
		}
	}
	if x.Due == "" {
		return
	}
	if at, ok := x.Due.Instant(); ok {
		on := task.DateOf(at.UTC())
		b.Task.DueOn = &on
		return
	}
	b.Keep("Due", string(x.Due), "the date cannot be read")
}
