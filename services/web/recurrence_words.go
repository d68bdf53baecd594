package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// recurrenceWords is a recurrence in words, and the dates on which the task is due, the first included.
type recurrenceWords struct {
	Words   string
	Next    []moment
	Ends    bool
	Refused string
}

// recurrencePreview says what the fields of the form mean while they are changed.
func (w *web) recurrencePreview(rw http.ResponseWriter, r *http.Request, v *visit) error {
	f := readTaskForm(r.URL.Query())
	rw.Header().Set("Cache-Control", "no-store")
	said := v.preview(f)
	return w.part(rw, "recurrence-words", said)
}

func (v *visit) preview(f taskForm) recurrenceWords {
	if f.Repeat.Freq == "" {
		return recurrenceWords{}
	}
	zone, err := task.LoadZone(f.TimeZone)
	if err != nil {
		return recurrenceWords{Refused: "The time zone is not one such as Europe/Berlin."}
	}
	due, err := f.dueAt(zone)
	var recurrence *task.Recurrence
	if err == nil {
		recurrence, err = f.Repeat.recurrence(due, zone)
	}
	if err != nil {
		return recurrenceWords{Refused: sentenceOf("this " + err.Error())}
	}
	t := task.Task{Title: "preview", DueAt: due, TimeZone: f.TimeZone, Recurrence: recurrence}
	t.Normalize()
	if err := t.Validate(); err != nil {
		return recurrenceWords{Refused: refusedRecurrence(err)}
	}
	return v.recurrenceWords(*t.Recurrence, *t.DueAt, t.TimeZone)
}

// recurrenceWords says a valid recurrence of a task that is due at an instant, on the clocks of the task's time zone.
func (v *visit) recurrenceWords(r task.Recurrence, due time.Time, timeZone string) recurrenceWords {
	zone, err := task.LoadZone(timeZone)
	if err != nil {
		return recurrenceWords{Words: r.RRule}
	}
	said := recurrenceWords{Words: phrase.Say(r, due, zone)}
	following, err := r.Occurrences(due, timeZone, occurrencesShown-1)
	if err != nil {
		return recurrenceWords{Refused: refusedRecurrence(err)}
	}
	said.Ends = len(following) < occurrencesShown-1
	for _, at := range append([]time.Time{due}, following...) {
		said.Next = append(said.Next, newMoment(at, v.now, zone))
	}
	return said
}

// refusedRecurrence says what is wrong with a recurrence, without the names of the API's fields.
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
