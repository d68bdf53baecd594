package main

import (
	"net/http"
	"strconv"
	"time"
)

// offlineChangeHeader marks a form that a browser kept while the server was unreachable. A script
// sends it later, and the header names the user who made the change. The response is a status or a
// problem, as for programs. If the form changed a task, the response has the task's ETag.
const offlineChangeHeader = "Taskmaster-Change-Of"

func isOfflineChange(r *http.Request) bool { return r.Header.Get(offlineChangeHeader) != "" }

const (
	// maxOfflineAge is the age up to which relative days in a change refer to the day of the
	// change. It prevents very old changes from being dated into the past.
	maxOfflineAge = 30 * 24 * time.Hour
	// maxTransit is the longest time that a form takes when it is sent at once, by any browser's
	// clock.
	maxTransit = time.Minute
)

// madeAt returns the instant at which somebody sent a form. "Tomorrow" is the day after that
// instant. A form whose answer was lost is sent again and has to mean the same. madeAt therefore
// trusts the form if it was kept offline or is younger than maxTransit. Otherwise it returns the
// current time.
//
// The form field made_at is an instant by the browser's clock, which may be wrong by hours.
// made_ago is the form's age in milliseconds by the same clock, so that the clock's error cancels
// out.
func (rc *requestContext) madeAt(r *http.Request) time.Time {
	at, err := time.Parse(time.RFC3339, r.PostFormValue("made_at"))
	if err != nil {
		return rc.now
	}
	if said := r.PostFormValue("made_ago"); said != "" {
		ago, err := strconv.ParseInt(said, 10, 64)
		if err != nil || ago < 0 || ago > maxOfflineAge.Milliseconds() {
			return rc.now
		}
		at = at.Add(-clockError(at.Add(time.Duration(ago) * time.Millisecond).Sub(rc.now)))
	}
	since := rc.now.Sub(at)
	if since.Abs() <= maxTransit || (isOfflineChange(r) && since > 0 && since <= maxOfflineAge) {
		return at
	}
	return rc.now
}

// clockError returns how far a browser's clock is ahead. difference includes the form's time in
// transit. The result is rounded to the minute, so that a repeated form yields the same instant.
// Another instant would make it another request under the same key.
func clockError(difference time.Duration) time.Duration {
	if difference.Abs() <= maxTransit {
		return 0
	}
	return difference.Round(time.Minute)
}
