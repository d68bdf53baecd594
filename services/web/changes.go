package main

import (
	"net/http"
	"strconv"
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

// madeAt returns the instant at which somebody typed a form. "Tomorrow" is the day after that. It is now unless the form was kept, or
// its browser says when: a form whose answer was lost is sent again, and has to mean the same.
//
// made_at is by the browser's clock, which may be wrong by hours. made_ago is the form's age in milliseconds, by the same clock:
// its error cancels out.
func (v *visit) madeAt(r *http.Request) time.Time {
	at, err := time.Parse(time.RFC3339, r.PostFormValue("made_at"))
	if err != nil {
		return v.now
	}
	if said := r.PostFormValue("made_ago"); said != "" {
		ago, err := strconv.ParseInt(said, 10, 64)
		if err != nil || ago < 0 || ago > maxKept.Milliseconds() {
			return v.now
		}
		at = at.Add(-clockError(at.Add(time.Duration(ago) * time.Millisecond).Sub(v.now)))
	}
	since := v.now.Sub(at)
	if since.Abs() <= maxOnItsWay || (keptChange(r) && since > 0 && since <= maxKept) {
		return at
	}
	return v.now
}

// clockError returns by how much a browser's clock is ahead, of which difference includes the form's way here. It is coarse, so that a
// form means the same however long its way was: another time it would be another request under the same key.
func clockError(difference time.Duration) time.Duration {
	if difference.Abs() <= maxOnItsWay {
		return 0
	}
	return difference.Round(time.Minute)
}
