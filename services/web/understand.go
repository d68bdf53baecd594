package main

import (
	"fmt"
	"net/http"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"taskmaster/internal/phrase"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// occurrencesShown is how many occurrences of a recurrence are listed, the first included.
const occurrencesShown = 5

// understood is the answer of GET /understand.
type understood struct {
	// Task is what POST /api/v1/tasks takes.
	Task  phrase.Draft `json:"task"`
	Spans []span       `json:"spans"`
	// Repeats says the recurrence in words, Occurrences its first dates; absent when there is none.
	Repeats     string      `json:"repeats,omitempty"`
	Occurrences []time.Time `json:"occurrences,omitempty"`
}

// span is a part of the line that was understood. Start and End count as JavaScript's strings do, in UTF-16.
type span struct {
	Kind  phrase.Kind `json:"kind"`
	Text  string      `json:"text"`
	Start int         `json:"start"`
	End   int         `json:"end"`
}

var dateOrders = map[string]phrase.DateOrder{"": phrase.NoDates, "dmy": phrase.DayMonth, "mdy": phrase.MonthDay}

// understand reads the task from a line, for a page of ours that shows it while the line is typed: `line`, `zone` (IANA)
// and, if 3/4 can be a date, `dates`, which is dmy or mdy; `usual_day` is the day of what is said without one. It knows no account and keeps nothing. A script of the page is
// answered in words that it shows as they are, anybody else in JSON.
func (w *web) understand(rw http.ResponseWriter, r *http.Request) error {
	if err := fromPage(r); err != nil {
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

	draft, spans := parseLine(line, query.Get("usual_day"), w.now(), zone, order)
	answer := understood{Task: draft, Spans: make([]span, len(spans))}
	for i, s := range spans {
		answer.Spans[i] = span{s.Kind, line[s.Start:s.End], units(line[:s.Start]), units(line[:s.End])}
	}
	if recurrence := draft.Recurrence; recurrence != nil {
		following, err := recurrence.Occurrences(*draft.DueAt, draft.TimeZone, occurrencesShown-1)
		if err != nil {
			return fmt.Errorf("list the occurrences of %s: %w", recurrence.RRule, err)
		}
		answer.Repeats = phrase.Say(*recurrence, *draft.DueAt, zone)
		answer.Occurrences = append([]time.Time{*draft.DueAt}, following...)
	}
	rw.Header().Set("Cache-Control", "no-store")
	if fromHTMX(r) {
		return w.part(rw, "understood", answer.words(w.now(), zone))
	}
	return server.Encode(rw, http.StatusOK, answer)
}

// fromPage refuses what another site's page asks for.
func fromPage(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return task.Errorf(task.CodeForbidden, "this is for the page itself, not for other sites")
	}
	return nil
}

// units counts UTF-16 code units.
func units(text string) int { return len(utf16.Encode([]rune(text))) }
