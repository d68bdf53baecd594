package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/history"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// historyShown is the number of listed history entries.
const historyShown = 50

// historyEntry is a history entry in words. Next is the path of the following occurrence.
type historyEntry struct {
	At    moment
	Words []string
	Next  string
}

// history returns the latest history entries of a task, the newest first.
func (rc *requestContext) history(ctx context.Context, t task.Task) ([]historyEntry, error) {
	list, err := rc.History(ctx, t.ID.String(), historyShown)
	if err != nil {
		return nil, err
	}
	entries := make([]historyEntry, len(list))
	for i, h := range list {
		entries[i] = historyEntry{At: newMoment(h.At, rc.now, rc.zone), Words: rc.historyWords(h, t)}
		if h.NextTaskID != nil {
			entries[i].Next = "/task/" + h.NextTaskID.String()
		}
	}
	return entries, nil
}

func (rc *requestContext) historyWords(h apiv1.HistoryItem, t task.Task) []string {
	switch h.Type {
	case "created":
		return []string{"Added"}
	case "completed":
		return []string{"Completed"}
	case "reopened":
		return []string{"Reopened"}
	case "reminded":
		return []string{"A reminder was sent"}
	case "skipped":
		return []string{"An occurrence was skipped"}
	case "followed":
		return []string{"The next one was made"}
	case "snoozed":
		if h.Until != nil {
			return []string{"Snoozed until " + when(*h.Until, rc.now, rc.zone)}
		}
	case "changed":
		var words []string
		for _, c := range oneDue(h.Changes) {
			words = append(words, rc.changeWords(c, t))
		}
		return words
	}
	return []string{sentenceOf(h.Type)} // a type that this version does not know
}

// oneDue makes one change of a day that became an instant, or the reverse.
func oneDue(changes []history.Change) []history.Change {
	at := slices.IndexFunc(changes, func(c history.Change) bool { return c.Field == "due_at" })
	on := slices.IndexFunc(changes, func(c history.Change) bool { return c.Field == "due_on" })
	if at < 0 || on < 0 {
		return changes
	}
	set := func(a, b json.RawMessage) json.RawMessage {
		if string(a) == "null" {
			return b
		}
		return a
	}
	changes = slices.Clone(changes)
	changes[at].Old, changes[at].New = set(changes[at].Old, changes[on].Old), set(changes[at].New, changes[on].New)
	return slices.Delete(changes, on, on+1)
}

// changeWords describes a changed field: "Due: today, 9:00 → tomorrow, 9:00".
func (rc *requestContext) changeWords(c history.Change, t task.Task) string {
	label := fieldLabels[c.Field]
	switch c.Field {
	case "description":
		return "The notes were changed"
	case "snoozed_until":
		return "No longer snoozed"
	case "time_zone":
		label = "Time zone"
	}
	if label == "" {
		return "The " + strings.ReplaceAll(c.Field, "_", " ") + " was changed"
	}
	return label + ": " + rc.valueWords(c.Field, c.Old, t) + " → " + rc.valueWords(c.Field, c.New, t)
}

// valueWords describes a value of a field.
func (rc *requestContext) valueWords(field string, raw json.RawMessage, t task.Task) string {
	if field == "due_at" || field == "due_on" {
		return rc.dueWords(raw)
	}
	var was task.Task
	if err := json.Unmarshal([]byte(`{"`+field+`":`+string(raw)+`}`), &was); err != nil {
		return string(raw) // a value from another version
	}
	switch field {
	case "title":
		return quoted(was.Title)
	case "priority":
		return string(was.Priority)
	case "tags":
		if len(was.Tags) == 0 {
			return "none"
		}
		return "#" + strings.Join(was.Tags, " #")
	case "recurrence":
		if was.Recurrence == nil {
			return "never"
		}
		return rc.ruleWords(*was.Recurrence, t)
	case "reminders":
		if said := remindWords(phrase.Draft{Reminders: was.Reminders}, rc.now, rc.zone); said != "" {
			return strings.TrimPrefix(said, "Reminds ")
		}
		return "none"
	case "time_zone":
		return was.TimeZone
	}
	return string(raw)
}

// dueWords describes the value of due_at or due_on.
func (rc *requestContext) dueWords(raw json.RawMessage) string {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return string(raw) // a value from another version
	}
	if text == nil {
		return "no date"
	}
	if at, err := time.Parse(time.RFC3339Nano, *text); err == nil {
		return when(at, rc.now, rc.zone)
	}
	return rc.due(nil, new(task.Date(*text))).Words
}

func (rc *requestContext) ruleWords(r task.Recurrence, t task.Task) string {
	if t.DueOn != nil {
		return phrase.SayDays(r, *t.DueOn)
	}
	start := r.DTStart
	if start == nil {
		start = t.DueAt
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil || start == nil {
		return r.RRule
	}
	return phrase.Say(r, *start, zone)
}
