package main

import (
	"hash/fnv"
	"strconv"
	"time"
)

// timing is how long things take and when they are tried again.
type timing struct {
	// schedule is the wait after each failed attempt; after the attempt that follows the last there is none.
	schedule []time.Duration
	// attempt bounds one attempt.
	attempt time.Duration
	// stop is how long attempts under way may take after the process was told to stop. Then they are broken off, before the
	// process is killed, and made again by another.
	stop time.Duration
	// mark bounds noting how it ended, database trouble included.
	mark time.Duration
	// rescue is how old an attempt is when its process must have died. It is longer than attempt and mark together.
	rescue time.Duration
	// poll is how often the queue is looked at when nothing says that there is something new.
	poll time.Duration
}

// defaultTiming is the retry schedule of Standard Webhooks (https://www.standardwebhooks.com, "Deliverability and
// reliability"), for all kinds: ten attempts in a little over three days.
var defaultTiming = timing{
	schedule: []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
		20 * time.Hour, 24 * time.Hour,
	},
	attempt: 15 * time.Second,
	stop:    10 * time.Second,
	mark:    20 * time.Second,
	rescue:  time.Minute,
	poll:    time.Second,
}

// next returns how long to wait after a job's attempt, counted from 1, has failed, and false when it was the last. Up to a
// tenth is added, so that what failed together does not come back together; for one attempt it is always the same.
func (t timing) next(job int64, attempt int) (time.Duration, bool) {
	if attempt > len(t.schedule) {
		return 0, false
	}
	wait := t.schedule[attempt-1]
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(job, 10) + "." + strconv.Itoa(attempt)))
	return wait + wait/10*time.Duration(h.Sum32()%1000)/1000, true
}
