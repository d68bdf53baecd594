// Package trello reads tasks from the JSON export of a Trello board.
//
//	name, desc            title, description
//	board, list, labels   tags
//	due, dueReminder      due_at, reminders
//	dueComplete           completed
//	closed                tag "archived"
//	checklists, comments  description
package trello

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/jsonfile"
	"taskmaster/internal/task"
)

type (
	board struct {
		Name       jsonfile.Text            `json:"name"`
		Lists      jsonfile.List[list]      `json:"lists"`
		Cards      jsonfile.List[card]      `json:"cards"`
		Checklists jsonfile.List[checklist] `json:"checklists"`
		Actions    jsonfile.List[action]    `json:"actions"`
	}
	list struct {
		ID     jsonfile.Text `json:"id"`
		Name   jsonfile.Text `json:"name"`
		Closed jsonfile.Text `json:"closed"`
	}
	card struct {
		ID          jsonfile.Text             `json:"id"`
		Name        jsonfile.Text             `json:"name"`
		Desc        jsonfile.Text             `json:"desc"`
		Due         jsonfile.Text             `json:"due"`
		Start       jsonfile.Text             `json:"start"`
		Complete    jsonfile.Text             `json:"dueComplete"`
		Reminder    jsonfile.Text             `json:"dueReminder"` // minutes, -1 is none
		Closed      jsonfile.Text             `json:"closed"`
		List        jsonfile.Text             `json:"idList"`
		Activity    jsonfile.Text             `json:"dateLastActivity"`
		Labels      jsonfile.List[label]      `json:"labels"`
		Attachments jsonfile.List[attachment] `json:"attachments"`
	}
	label struct {
		Name  jsonfile.Text `json:"name"`
		Color jsonfile.Text `json:"color"`
	}
	attachment struct {
		URL jsonfile.Text `json:"url"`
	}
	checklist struct {
		Card  jsonfile.Text            `json:"idCard"`
		Name  jsonfile.Text            `json:"name"`
		Items jsonfile.List[checkItem] `json:"checkItems"`
	}
	checkItem struct {
		Name  jsonfile.Text `json:"name"`
		State jsonfile.Text `json:"state"`
	}
	action struct {
		Type jsonfile.Text `json:"type"`
		Date jsonfile.Text `json:"date"`
		Data struct {
			Text jsonfile.Text `json:"text"`
			Card struct {
				ID jsonfile.Text `json:"id"`
			} `json:"card"`
		} `json:"data"`
		By struct {
			Name jsonfile.Text `json:"fullName"`
		} `json:"memberCreator"`
	}
)

// Read reads a file. Its error has code invalid.
func Read(data []byte, o importer.Options) (importer.File, error) {
	var in board
	if err := jsonfile.Decode(data, &in); err != nil {
		return importer.File{}, err
	}
	lists := map[jsonfile.Text]list{}
	for _, l := range in.Lists {
		lists[l.ID] = l
	}
	more := map[jsonfile.Text][]string{}
	for _, c := range in.Checklists {
		more[c.Card] = append(more[c.Card], c.text())
	}
	for _, a := range in.Actions {
		if a.Type == "commentCard" {
			date, _, _ := strings.Cut(string(a.Date), "T")
			id := a.Data.Card.ID
			more[id] = append(more[id], fmt.Sprintf("%s, %s:\n%s", cmp.Or(string(a.By.Name), "Comment"), date, a.Data.Text))
		}
	}
	var file importer.File
	for i, c := range in.Cards {
		if err := o.Room(i); err != nil {
			return importer.File{}, err
		}
		b := c.build(in, lists[c.List], o)
		for _, text := range more[c.ID] {
			b.Write(text)
		}
		file.AddFitted(importer.Task{Key: fmt.Sprint("trello ", cmp.Or(c.ID, c.Name)), Task: b.Done()}, b.Notes)
	}
	return file, nil
}

// text returns a checklist in Markdown.
func (c checklist) text() string {
	lines := []string{string(c.Name)}
	for _, item := range c.Items {
		box := "- [ ] "
		if item.State == "complete" {
			box = "- [x] "
		}
		lines = append(lines, box+string(item.Name))
	}
	return strings.Join(lines, "\n")
}

func (c card) build(in board, l list, o importer.Options) *importer.Builder {
	b := &importer.Builder{Task: task.Task{Title: string(c.Name), TimeZone: o.Zone, Tags: []string{string(in.Name), string(l.Name)}}}
	b.Write(string(c.Desc))
	for _, x := range c.Labels {
		b.Task.Tags = append(b.Task.Tags, string(cmp.Or(x.Name, x.Color)))
	}
	if at, ok := c.Due.Instant(); ok {
		b.Task.DueAt = &at
		if minutes, err := strconv.Atoi(string(c.Reminder)); err == nil {
			b.Task.Reminders = []task.Reminder{}
			if minutes >= 0 {
				b.Task.Reminders = []task.Reminder{{MinutesBefore: &minutes}}
			}
		}
	} else if c.Due != "" {
		b.Keep("Due", string(c.Due), "the date cannot be read")
	}
	if c.Start != "" {
		b.Keep("Starts", string(c.Start), "tasks have no start")
	}
	if c.Complete.True() {
		b.Task.Completed = true
		if at, ok := c.Activity.Instant(); ok {
			b.Task.CompletedAt = &at
		}
	}
	if c.Closed.True() || l.Closed.True() {
		b.Task.Tags = append(b.Task.Tags, "archived")
		b.Note("is archived: it has the tag archived")
	}
	for _, a := range c.Attachments {
		b.Write(string(a.URL))
	}
	// The first eight digits of an id are its time in seconds.
	if len(c.ID) == 24 {
		if seconds, err := strconv.ParseInt(string(c.ID[:8]), 16, 64); err == nil {
			b.Task.CreatedAt = time.Unix(seconds, 0).UTC()
		}
	}
	return b
}
