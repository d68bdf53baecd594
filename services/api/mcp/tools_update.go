package mcp

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// draft is a task in the format of the REST API.
type draft = phrase.Draft

// fields are the new values of tasks.
type fields struct {
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Priority    string   `json:"priority,omitempty" enum:"none low medium high"`
	Due         string   `json:"due,omitempty" doc:"2026-12-31, 2026-12-31T15:00 in the account's zone, or words such as friday 15:00. A day alone keeps the task's time of day."`
	Repeat      string   `json:"repeat,omitempty" doc:"Words such as every monday, or a rule such as FREQ=WEEKLY;BYDAY=MO."`
	Tags        []string `json:"tags,omitempty" doc:"Replaces all tags."`
	AddTags     []string `json:"add_tags,omitempty"`
	RemoveTags  []string `json:"remove_tags,omitempty"`
	Clear       []string `json:"clear,omitempty" enum:"description due time repeat tags" doc:"Fields to empty. time makes the task due on its whole day."`
}

type updateInput struct {
	target
	fields
	requestID
	confirmed
}

func updateTasks(ctx context.Context, c *client, in updateInput) (changeResult, error) {
	tasks, err := c.tasks(ctx, in.target, "open")
	if err != nil {
		return changeResult{}, err
	}
	next := 0
	return c.changeAll(ctx, "update", false, in.confirmed, in.fields, tasks, func(t task.Task) (changed task.Task, err error) {
		header, err := in.key("update " + strconv.Itoa(next))
		if err != nil {
			return changed, err
		}
		next++
		patch, err := c.patch(t, in.fields)
		if err != nil {
			return changed, err
		}
		return c.patchTask(ctx, t, patch, header)
	})
}

// patchTask sends a patch that was computed from t. It is refused if the task has changed since.
func (c *client) patchTask(ctx context.Context, t task.Task, patch map[string]any, key map[string]string) (changed task.Task, err error) {
	header := map[string]string{"If-Match": task.ETag(t.Version(c.account.Epoch))}
	maps.Copy(header, key)
	err = c.do(ctx, http.MethodPatch, taskPath(t.ID.String()), patch, &changed, header)
	return changed, err
}

// patch returns the body of a PATCH that gives t the new values.
func (c *client) patch(t task.Task, f fields) (map[string]any, error) {
	patch := map[string]any{}
	for name, value := range map[string]string{"title": f.Title, "description": f.Description, "priority": f.Priority} {
		if value != "" {
			patch[name] = value
		}
	}
	clears := func(name string) bool { return slices.Contains(f.Clear, name) }
	if clears("description") {
		patch["description"] = ""
	}
	if f.Tags != nil || f.AddTags != nil || f.RemoveTags != nil || clears("tags") {
		patch["tags"] = newTags(t.Tags, f)
	}
	if err := c.patchRepeat(patch, t, f); err != nil {
		return nil, err
	}
	if err := c.patchDue(patch, t, f); err != nil {
		return nil, err
	}
	if len(patch) == 0 {
		return nil, task.Errorf(task.CodeInvalid, "no field was given: name one to change, or one to clear")
	}
	return patch, nil
}

func newTags(old []string, f fields) []string {
	tags := slices.Clone(old)
	if f.Tags != nil || slices.Contains(f.Clear, "tags") {
		tags = slices.Clone(f.Tags)
	}
	tags = append(tags, f.AddTags...)
	return append([]string{}, slices.DeleteFunc(tags, func(tag string) bool { return slices.Contains(f.RemoveTags, tag) })...)
}

// patchRepeat sets the recurrence. A task without a due date gets the first one that the words name.
func (c *client) patchRepeat(patch map[string]any, t task.Task, f fields) error {
	if slices.Contains(f.Clear, "repeat") {
		patch["recurrence"] = nil
	}
	if f.Repeat == "" {
		return nil
	}
	d, err := c.readRepeat(f.Repeat, c.zoneOf(t))
	if err != nil {
		return err
	}
	patch["recurrence"] = d.Recurrence
	if t.DueAt == nil && t.DueOn == nil && f.Due == "" {
		patch["due_at"], patch["due_on"] = d.DueAt, d.DueOn
	}
	return nil
}

// patchDue sets the due date. A day alone keeps the time of day of the task.
func (c *client) patchDue(patch map[string]any, t task.Task, f fields) error {
	zone, keepTime := c.zoneOf(t), !slices.Contains(f.Clear, "time")
	if slices.Contains(f.Clear, "due") {
		patch["due_at"], patch["due_on"] = nil, nil
	}
	if f.Due == "" {
		if !keepTime && t.DueAt != nil {
			patch["due_at"], patch["due_on"] = nil, task.DateOf(t.DueAt.In(zone))
		}
		return nil
	}
	due, err := c.readMoment("due", f.Due, c.account.Zone)
	if err != nil {
		return err
	}
	switch {
	case due.on != nil && t.DueAt != nil && keepTime:
		clock := t.DueAt.In(zone)
		wall := due.on.Midnight().Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
		patch["due_at"], patch["due_on"] = task.Instant(wall, zone).UTC(), nil
	case due.at != nil && !keepTime:
		patch["due_at"], patch["due_on"] = nil, task.DateOf(due.at.In(zone))
	default:
		patch["due_at"], patch["due_on"] = due.at, due.on
	}
	return nil
}

type remindInput struct {
	target
	MinutesBefore []int    `json:"minutes_before,omitempty" doc:"Minutes before the due time, such as 15 or 60."`
	DaysBefore    []int    `json:"days_before,omitempty" doc:"Days before the due day. 0 is the day itself."`
	Time          string   `json:"time,omitempty" doc:"The time of day for days_before, such as 09:00."`
	At            []string `json:"at,omitempty" doc:"Times such as 2026-12-31T15:00, or words such as tomorrow at 9."`
	confirmed
}

func setReminders(ctx context.Context, c *client, in remindInput) (changeResult, error) {
	reminders := []task.Reminder{}
	for _, n := range in.MinutesBefore {
		reminders = append(reminders, task.Reminder{MinutesBefore: &n})
	}
	for _, n := range in.DaysBefore {
		reminders = append(reminders, task.Reminder{DaysBefore: &n, TimeOfDay: in.Time})
	}
	for _, text := range in.At {
		at, err := c.readMoment("at", text, c.account.Zone)
		if err != nil {
			return changeResult{}, err
		}
		start := at.start(c.account.Zone)
		reminders = append(reminders, task.Reminder{At: &start})
	}
	tasks, err := c.tasks(ctx, in.target, "open")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "remind of", false, in.confirmed, reminders, tasks, func(t task.Task) (task.Task, error) {
		return c.patchTask(ctx, t, map[string]any{"reminders": reminders}, nil)
	})
}
