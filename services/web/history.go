package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// historyShown is how many of the last things that happened to a task are listed.
const historyShown = "50"

// happened is something that happened to a task, as GET /tasks/{id}/history tells it.
type happened struct {
	At         time.Time  `json:"at"`
	Type       string     `json:"type"`
	Changes    []changed  `json:"changes"`
	Until      *time.Time `json:"until"`
	NextTaskID string     `json:"next_task_id"`
}

type changed struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// historyEntry is one of them in words. Next is the path of the occurrence that followed.
type historyEntry struct {
	At    moment
	Words []string
	Next  string
}

// history returns the last things that happened to a task, the newest first.
func (v *visit) history(ctx context.Context, t task.Task) ([]historyEntry, error) {
	var list struct {
		Items []happened `json:"items"`
	}
	if err := v.call(ctx, "GET", "/tasks"+taskPath(t.ID.String())+"/history?limit="+historyShown, nil, &list); err != nil {
		return nil, err
	}
	entries := make([]historyEntry, len(list.Items))
	for i, h := range list.Items {
		entries[i] = historyEntry{At: newMoment(h.At, v.now, v.zone), Words: v.historyWords(h, t)}
		if h.NextTaskID != "" {
			entries[i].Next = "/task/" + h.NextTaskID
		}
	}
	return entries, nil
}

func (v *visit) historyWords(h happened, t task.Task) []string {
	switch h.Type {
	case "created":
		return []string{"Added"}
	case "completed":
		return []string{"Completed"}
	case "reopened":
		return []string{"Reopened"}
	case "reminded":
		return []string{"A reminder was sent"}
	case "followed":
		return []string{"The next one was made"}
	case "snoozed":
		if h.Until != nil {
			return []string{"Snoozed until " + when(*h.Until, v.now, v.zone)}
		}
	case "changed":
		var words []string
		for _, c := range h.Changes {
			words = append(words, v.changeWords(c, t))
		}
		return words
	}
	return []string{sentenceOf(h.Type)} // one that this version does not know
}

// changeWords says a change of a field: "Due: today, 9:00 → tomorrow, 9:00".
func (v *visit) changeWords(c changed, t task.Task) string {
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
	return label + ": " + v.valueWords(c.Field, c.Old, t) + " → " + v.valueWords(c.Field, c.New, t)
}

// valueWords says the value that a field had.
func (v *visit) valueWords(field string, raw json.RawMessage, t task.Task) string {
	var was task.Task
	if err := json.Unmarshal([]byte(`{"`+field+`":`+string(raw)+`}`), &was); err != nil {
		return string(raw) // a value of another version
	}
	switch field {
	case "title":
		return quoted(was.Title)
	case "due_at":
		if was.DueAt == nil {
			return "no date"
		}
		return when(*was.DueAt, v.now, v.zone)
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
		return v.ruleWords(*was.Recurrence, t)
	case "reminders":
		if said := remindWords(phrase.Draft{Reminders: was.Reminders}, v.now, v.zone); said != "" {
			return strings.TrimPrefix(said, "Reminds ")
		}
		return "none"
	case "time_zone":
		return was.TimeZone
	}
	return string(raw)
}

func (v *visit) ruleWords(r task.Recurrence, t task.Task) string {
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
