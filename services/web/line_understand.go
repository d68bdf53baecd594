package main

import (
	"fmt"
	"net/http"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/phrase"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// occurrencesShown is the number of listed occurrences, including the first.
const occurrencesShown = 5

// understood is the response of GET /understand.
type understood struct {
	// Task is a body for POST /api/v1/tasks.
	Task  phrase.Draft `json:"task"`
	Spans []span       `json:"spans"`
	// Repeats describes the recurrence in words. Occurrences are its first dates. Both are absent
	// without a recurrence. A whole day is its midnight in UTC.
	Repeats     string      `json:"repeats,omitempty"`
	Occurrences []time.Time `json:"occurrences,omitempty"`
}

// span is an understood part of the line. Start and End count UTF-16 code units, as JavaScript
// does.
type span struct {
	Kind  phrase.Kind `json:"kind"`
	Text  string      `json:"text"`
	Start int         `json:"start"`
	End   int         `json:"end"`
}

var dateOrders = map[string]phrase.DateOrder{"": phrase.NoDates, "dmy": phrase.DayMonth, "mdy": phrase.MonthDay}

// understand parses a line into a task, for a page that shows the result while the line is typed.
// The query holds line and zone (IANA). dates is dmy or mdy if 3/4 can be a date. usual_day is the
// day of a task whose line names none. week_start is monday (the default), sunday or saturday.
// language is en (the default), de, fr or es. line_signs is own (the default) or todoist. The handler needs no account and stores nothing. It answers
// scripts of the page with HTML and other callers with JSON.
func (s *service) understand(w http.ResponseWriter, r *http.Request) error {
	if err := s.origins.CheckRead(r); err != nil {
		return err
	}
	query := r.URL.Query()
	line := query.Get("line")
	zone, zoneErr := task.LoadZone(query.Get("zone"))
	order, orderKnown := dateOrders[query.Get("dates")]
	var bad []task.FieldError
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, task.FieldError{Field: field, Message: message})
		}
	}
	check(utf8.ValidString(line), "line", "is not UTF-8")
	check(utf8.RuneCountInString(line) <= task.MaxTitle, "line", fmt.Sprintf("has more than %d characters", task.MaxTitle))
	check(zoneErr == nil, "zone", "is not an IANA time zone such as Europe/Berlin")
	check(orderKnown, "dates", "is neither dmy nor mdy")
	if bad != nil {
		return task.InvalidFields(bad)
	}

	draft, spans := parseLine(line, query.Get("usual_day"), s.now(), zone, phrase.Options{
		DateOrder: order, WeekStart: new(apiv1.FirstWeekday(query.Get("week_start"))), Language: query.Get("language"), TodoistSigns: query.Get("line_signs") == apiv1.SignsTodoist,
	})
	answer := understood{Task: draft, Spans: make([]span, len(spans))}
	for i, found := range spans {
		answer.Spans[i] = span{found.Kind, line[found.Start:found.End], units(line[:found.Start]), units(line[:found.End])}
	}
	if recurrence := draft.Recurrence; recurrence != nil {
		t := draft.Task()
		following, err := t.Occurrences(occurrencesShown - 1)
		if err != nil {
			return fmt.Errorf("list the occurrences of %s: %w", recurrence.RRule, err)
		}
		answer.Repeats = phrase.SayTask(t)
		answer.Occurrences = append([]time.Time{*t.Recurrence.DTStart}, following...)
	}
	w.Header().Set("Cache-Control", "no-store")
	if fromHTMX(r) {
		return s.part(w, "understood", answer.words(s.now(), zone))
	}
	return server.Encode(w, http.StatusOK, answer)
}

// units returns the number of UTF-16 code units of a text.
func units(text string) int { return len(utf16.Encode([]rune(text))) }
