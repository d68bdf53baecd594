package main

import (
	"net/http"
	"time"
)

// A browser that could not reach us keeps the forms that somebody sent and sends them later, by a script: with the header
// changeOfHeader, which names whose they are. It is answered with a status and, when the form changed a task, the task's
// ETag, or with a problem, as programs are.
const changeOfHeader = "Taskmaster-Change-Of"

func keptChange(r *http.Request) bool { return r.Header.Get(changeOfHeader) != "" }

const (
	// maxKept is how long ago a change may have been made for what it says of days to be about those days.
	maxKept = 30 * 24 * time.Hour
	// maxOnItsWay is how long a form takes that is sent at once, by whatever clock its browser has.
	maxOnItsWay = time.Minute
)

// madeAt is when somebody typed what a form has. "Tomorrow" is the day after that. It is now unless the form was kept, or its
// browser says when: a form whose answer was lost is sent again, and has to mean what it meant.
func (v *visit) madeAt(r *http.Request) time.Time {
	at, err := time.Parse(time.RFC3339, r.PostFormValue("made_at"))
	if err != nil {
		return v.now
	}
	since := v.now.Sub(at)
	if since.Abs() <= maxOnItsWay || (keptChange(r) && since > 0 && since <= maxKept) {
		return at
	}
	return v.now
}
