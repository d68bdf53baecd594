// Package microsoft reads tasks of Microsoft To Do from JSON of the Graph API: todoTask and
// todoTaskList (https://learn.microsoft.com/graph/api/resources/todotask).
//
//	title, body            title, description
//	list, categories       tags
//	importance             high, none, low
//	dueDateTime            due_on: To Do has dates only
//	reminderDateTime       reminders
//	recurrence             recurrence
//	status                 completed
//	checklistItems         description
package microsoft

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/jsonfile"
	"taskmaster/internal/task"
)

type (
	answer struct {
		Value jsonfile.List[entry] `json:"value"`
		Lists jsonfile.List[entry] `json:"lists"`
	}
	// entry is a list or a task.
	entry struct {
		ID         jsonfile.Text                `json:"id"`
		Name       jsonfile.Text                `json:"displayName"`
		Tasks      jsonfile.List[entry]         `json:"tasks"`
		Title      jsonfile.Text                `json:"title"`
		Importance jsonfile.Text                `json:"importance"`
		Status     jsonfile.Text                `json:"status"`
		Body       *body                        `json:"body"`
		Due        *moment                      `json:"dueDateTime"`
		Start      *moment                      `json:"startDateTime"`
		Reminder   *moment                      `json:"reminderDateTime"`
		IsReminded jsonfile.Text                `json:"isReminderOn"`
		Completed  *moment                      `json:"completedDateTime"`
		Created    jsonfile.Text                `json:"createdDateTime"`
		Categories jsonfile.List[jsonfile.Text] `json:"categories"`
		Recurrence *recurrence                  `json:"recurrence"`
		Checklist  jsonfile.List[checkItem]     `json:"checklistItems"`
		Links      jsonfile.List[link]          `json:"linkedResources"`
	}
	body struct {
		Content jsonfile.Text `json:"content"`
		Type    jsonfile.Text `json:"contentType"`
	}
	moment struct {
		Time jsonfile.Text `json:"dateTime"`
		Zone jsonfile.Text `json:"timeZone"`
	}
	checkItem struct {
		Name    jsonfile.Text `json:"displayName"`
		Checked jsonfile.Text `json:"isChecked"`
	}
	link struct {
		URL jsonfile.Text `json:"webUrl"`
	}
)

// Read reads a list of tasks or of lists, alone or as "value" of an answer. Its error has code
// invalid.
func Read(data []byte, o importer.Options) (importer.File, error) {
	var in answer
	var err error
	if strings.HasPrefix(strings.TrimSpace(string(importer.Text(data))), "[") {
		err = jsonfile.Decode(data, &in.Value)
	} else {
		err = jsonfile.Decode(data, &in)
	}
	if err != nil {
		return importer.File{}, err
	}
	r := reader{o: o}
	if r.zone, err = task.LoadZone(o.Zone); err != nil {
		r.zone = time.UTC
	}
	for _, x := range append(in.Value, in.Lists...) {
		if len(x.Tasks) == 0 && x.Title != "" {
			err = r.add(x, "")
		}
		for _, of := range x.Tasks {
			if err == nil {
				err = r.add(of, string(x.Name))
			}
		}
		if err != nil {
			return importer.File{}, err
		}
	}
	return r.file, nil
}

type reader struct {
	o    importer.Options
	zone *time.Location
	file importer.File
}

func (r *reader) add(x entry, list string) error {
	if err := r.o.Room(len(r.file.Tasks)); err != nil {
		return err
	}
	b := &importer.Builder{Task: task.Task{Title: string(x.Title), TimeZone: r.o.Zone, Tags: jsonfile.Texts(x.Categories), Reminders: []task.Reminder{}}}
	if list != "" && list != "Tasks" {
		b.Task.Tags = append([]string{list}, b.Task.Tags...)
	}
	b.Task.Priority = map[jsonfile.Text]task.Priority{"high": task.PriorityHigh, "low": task.PriorityLow}[x.Importance]
	if x.Body != nil && x.Body.Type == "html" {
		b.Write(jsonfile.PlainText(string(x.Body.Content)))
	} else if x.Body != nil {
		b.Write(string(x.Body.Content))
	}
	b.Write(checks(x.Checklist))
	for _, l := range x.Links {
		b.Write(string(l.URL))
	}
	if at, ok := r.instant(b, "Due", x.Due); ok {
		on := r.day(at, x.Due)
		b.Task.DueOn = &on
	}
	if at, ok := r.instant(b, "Starts", x.Start); ok && (b.Task.DueOn == nil || r.day(at, x.Start) != *b.Task.DueOn) {
		b.Keep("Starts", string(r.day(at, x.Start)), "tasks have no start")
	}
	if at, ok := r.instant(b, "Reminder", x.Reminder); ok && !strings.EqualFold(string(x.IsReminded), "false") {
		b.Task.Reminders = []task.Reminder{r.reminder(b.Task, at)}
	}
	if b.Task.Completed = x.Status == "completed"; b.Task.Completed {
		if at, ok := r.instant(b, "Completed", x.Completed); ok {
			b.Task.CompletedAt = &at
		}
	} else if x.Recurrence != nil {
		x.Recurrence.set(b)
	}
	b.Task.CreatedAt, _ = x.Created.Instant()
	r.file.AddFitted(importer.Task{Key: fmt.Sprint("microsoft ", cmp.Or(x.ID, x.Title)), Task: b.Done()}, b.Notes)
	return nil
}

func checks(items []checkItem) string {
	var lines []string
	for _, item := range items {
		box := "- [ ] "
		if item.Checked.True() {
			box = "- [x] "
		}
		lines = append(lines, box+string(item.Name))
	}
	return strings.Join(lines, "\n")
}

// instant reads a dateTimeTimeZone: a local time and a zone of Windows or IANA.
func (r *reader) instant(b *importer.Builder, name string, m *moment) (time.Time, bool) {
	if m == nil || m.Time == "" {
		return time.Time{}, false
	}
	local, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(string(m.Time), "Z"))
	_, zone, ok := importer.FindZone(cmp.Or(string(m.Zone), "UTC"))
	if err != nil || !ok {
		b.Keep(name, string(m.Time)+" "+string(m.Zone), "the date cannot be read")
		return time.Time{}, false
	}
	return task.Instant(local, zone), true
}

// day returns the day that a date means. To Do writes it as the midnight of the user or of UTC.
func (r *reader) day(at time.Time, m *moment) task.Date {
	if local, _, _ := strings.Cut(string(m.Time), "."); strings.HasSuffix(local, "T00:00:00") {
		if date, err := time.Parse("2006-01-02T15:04:05", local); err == nil {
			return task.DateOf(date)
		}
	}
	return task.DateOf(at.In(r.zone))
}

// reminder returns a reminder at an instant. In a series it counts from the due day.
func (r *reader) reminder(t task.Task, at time.Time) task.Reminder {
	if t.DueOn != nil {
		local := at.In(r.zone)
		days := int(t.DueOn.Midnight().Sub(task.DateOf(local).Midnight()) / (24 * time.Hour))
		if days >= 0 && days <= task.MaxDaysBefore {
			return task.Reminder{DaysBefore: &days, TimeOfDay: local.Format("15:04")}
		}
	}
	return task.Reminder{At: &at}
}
