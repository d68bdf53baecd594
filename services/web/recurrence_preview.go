package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// recurrenceWords describes a recurrence in words and lists its next due dates, including the
// first.
type recurrenceWords struct {
	Words   string
	Next    []moment
	Ends    bool
	Refused string
}

// recurrencePreview describes the recurrence of a form while it is changed.
func (s *service) recurrencePreview(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	f := readTaskForm(r.URL.Query())
	w.Header().Set("Cache-Control", "no-store")
	said := rc.preview(f)
	return s.part(w, "recurrence-words", said)
}

func (rc *requestContext) preview(f taskForm) recurrenceWords {
	if f.Repeat.Freq == "" {
		return recurrenceWords{}
	}
	zone, err := task.LoadZone(f.TimeZone)
	if err != nil {
		return recurrenceWords{Refused: "The time zone is not one such as Europe/Berlin."}
	}
	t, err := f.dueTask(zone)
	if err == nil {
		t.Recurrence, err = f.recurrence(zone)
	}
	if err != nil {
		return recurrenceWords{Refused: sentenceOf("this " + err.Error())}
	}
	t.Normalize()
	if err := t.Validate(); err != nil {
		return recurrenceWords{Refused: refusedRecurrence(err)}
	}
	return rc.recurrenceWords(t)
}

// recurrenceWords describes the valid recurrence of a task that is due, in the task's time zone.
func (rc *requestContext) recurrenceWords(t task.Task) recurrenceWords {
	said := recurrenceWords{Words: phrase.SayTask(t)}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		return said
	}
	following, err := t.Occurrences(occurrencesShown - 1)
	if err != nil {
		return recurrenceWords{Refused: refusedRecurrence(err)}
	}
	said.Ends = len(following) < occurrencesShown-1
	if t.DueOn != nil {
		said.Next = append(said.Next, *rc.due(nil, t.DueOn))
		for _, day := range following {
			date := task.DateOf(day)
			said.Next = append(said.Next, *rc.due(nil, &date))
		}
		return said
	}
	for _, at := range append([]time.Time{*t.DueAt}, following...) {
		said.Next = append(said.Next, newMoment(at, rc.now, zone))
	}
	return said
}

// refusedRecurrence explains the error in a recurrence without the field names of the API.
func refusedRecurrence(err error) string {
	known, ok := errors.AsType[*task.Error](err)
	if !ok || len(known.Fields) == 0 {
		return sentenceOf(err.Error())
	}
	var said []string
	for _, field := range known.Fields {
		said = append(said, sentenceOf("this "+field.Message))
	}
	return strings.Join(said, " ")
}
