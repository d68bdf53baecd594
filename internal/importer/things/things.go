// Package things reads tasks from JSON of Things: the form of its URL scheme
// (https://culturedcode.com/things/support/articles/2803573/), and the flat form of things.py, which
// reads its database.
//
//	title, notes, checklist  title, description
//	tags, project, heading   tags
//	deadline, else when      due_on, due_at
//	completed, canceled      completed, with the tag "cancelled"
package things

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/jsonfile"
	"taskmaster/internal/task"
)

type (
	item struct {
		Type       jsonfile.Text `json:"type"`
		ID         jsonfile.Text `json:"id"`
		UUID       jsonfile.Text `json:"uuid"`
		Attributes *attributes   `json:"attributes"`
		attributes
	}
	attributes struct {
		Title        jsonfile.Text                `json:"title"`
		Notes        jsonfile.Text                `json:"notes"`
		When         jsonfile.Text                `json:"when"`
		StartDate    jsonfile.Text                `json:"start_date"`
		Deadline     jsonfile.Text                `json:"deadline"`
		Completed    jsonfile.Text                `json:"completed"`
		Canceled     jsonfile.Text                `json:"canceled"`
		Status       jsonfile.Text                `json:"status"`
		CompletedOn  jsonfile.Text                `json:"completion-date"`
		StopDate     jsonfile.Text                `json:"stop_date"`
		CreatedOn    jsonfile.Text                `json:"creation-date"`
		List         jsonfile.Text                `json:"list"`
		Area         jsonfile.Text                `json:"area"`
		AreaTitle    jsonfile.Text                `json:"area_title"`
		ProjectTitle jsonfile.Text                `json:"project_title"`
		HeadingTitle jsonfile.Text                `json:"heading_title"`
		Tags         jsonfile.List[jsonfile.Text] `json:"tags"`
		Checklist    jsonfile.List[check]         `json:"checklist-items"`
		Checks       jsonfile.List[check]         `json:"checklist"`
		Items        jsonfile.List[item]          `json:"items"`
	}
	check struct {
		Title      jsonfile.Text `json:"title"`
		Status     jsonfile.Text `json:"status"`
		Attributes struct {
			Title     jsonfile.Text `json:"title"`
			Completed jsonfile.Text `json:"completed"`
		} `json:"attributes"`
	}
)

// Read reads a file. Its error has code invalid.
func Read(data []byte, o importer.Options) (importer.File, error) {
	var items jsonfile.List[item]
	if err := jsonfile.Decode(data, &items); err != nil {
		return importer.File{}, err
	}
	r := reader{o: o}
	err := r.items(items, nil)
	return r.file, err
}

type reader struct {
	o    importer.Options
	file importer.File
}

// items adds to-dos. tags are the titles of the project and the heading around them.
func (r *reader) items(items []item, tags []string) error {
	heading := ""
	for _, x := range items {
		a := x.attributes
		if x.Attributes != nil {
			a = *x.Attributes
		}
		around := append(append([]string{}, tags...), heading)
		switch x.Type {
		case "heading":
			heading = string(a.Title)
			continue
		case "project":
			if err := r.items(a.Items, append(around, string(a.Title))); err != nil {
				return err
			}
			if len(a.Items) > 0 {
				if a.Notes != "" || a.Deadline != "" {
					r.file.Notes = append(r.file.Notes, importer.Note{Title: importer.Shorten(string(a.Title)), Message: "projects become tags: notes and deadline of the project are left out"})
				}
				continue
			}
		}
		if err := r.o.Room(len(r.file.Tasks)); err != nil {
			return err
		}
		b := a.build(around, r.o)
		key := fmt.Sprintf("things %x", sha256.Sum256(fmt.Appendf(nil, "%q %q %q", around, a.Title, a.CreatedOn)))
		if id := cmp.Or(x.UUID, x.ID); id != "" {
			key = "things " + string(id)
		}
		r.file.AddFitted(importer.Task{Key: key, Task: b.Done()}, b.Notes)
	}
	return nil
}

func (a attributes) build(tags []string, o importer.Options) *importer.Builder {
	b := &importer.Builder{Task: task.Task{Title: string(a.Title), TimeZone: o.Zone}}
	b.Task.Tags = append(slices.Clone(tags), string(a.List), string(a.AreaTitle), string(a.ProjectTitle), string(a.HeadingTitle))
	b.Task.Tags = append(b.Task.Tags, jsonfile.Texts(a.Tags)...)
	b.Write(string(a.Notes))
	var lines []string
	for _, c := range append(a.Checklist, a.Checks...) {
		box := "- [ ] "
		if c.Attributes.Completed.True() || c.Status == "completed" {
			box = "- [x] "
		}
		lines = append(lines, box+string(cmp.Or(c.Attributes.Title, c.Title)))
	}
	b.Write(strings.Join(lines, "\n"))
	a.due(b, o)
	cancelled := a.Canceled.True() || a.Status == "canceled"
	if cancelled {
		b.Task.Tags = append(b.Task.Tags, "cancelled")
	}
	if b.Task.Completed = cancelled || a.Completed.True() || a.Status == "completed"; b.Task.Completed {
		if at, ok := parse(string(cmp.Or(a.CompletedOn, a.StopDate)), o); ok {
			b.Task.CompletedAt = &at
		}
	}
	b.Task.CreatedAt, _ = a.CreatedOn.Instant()
	return b
}

// due sets the due date: the deadline, else the day of "when".
func (a attributes) due(b *importer.Builder, o importer.Options) {
	when := string(cmp.Or(a.When, a.StartDate))
	zone, err := task.LoadZone(o.Zone)
	if err != nil {
		zone = time.UTC
	}
	today := o.Now.In(zone)
	word, clock, timed := strings.Cut(when, "@")
	if timed {
		clock = "@" + clock
	}
	switch word {
	case "today", "evening":
		when = today.Format(time.DateOnly) + clock
	case "tomorrow":
		when = today.AddDate(0, 0, 1).Format(time.DateOnly) + clock
	case "someday":
		b.Task.Tags, when = append(b.Task.Tags, "someday"), ""
	case "anytime":
		when = ""
	}
	day, other := string(a.Deadline), when
	if day == "" {
		day, other = when, ""
	}
	if other != "" && other != day {
		b.Keep("Starts", other, "tasks have no start")
	}
	if day == "" {
		return
	}
	if date, err := time.Parse(time.DateOnly, day); err == nil {
		on := task.DateOf(date)
		b.Task.DueOn = &on
	} else if at, ok := parse(day, o); ok {
		b.Task.DueAt = &at
	} else {
		b.Keep("Due", day, "the date cannot be read")
	}
}

// parse reads 2026-12-05@18:00, 2026-12-05T18:00:00Z, 2026-12-05 18:00:00 and 2026-12-05.
func parse(text string, o importer.Options) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, true
	}
	zone, err := task.LoadZone(o.Zone)
	if err != nil {
		zone = time.UTC
	}
	for _, layout := range []string{"2006-01-02@15:04", "2006-01-02@3:04PM", time.DateTime, time.DateOnly} {
		if local, err := time.Parse(layout, text); err == nil {
			return task.Instant(local, zone), true
		}
	}
	return time.Time{}, false
}
