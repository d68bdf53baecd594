package main

import (
	"hash/fnv"
	"strconv"
	"time"
)

// timing holds the timeouts and retry times.
type timing struct {
	// schedule holds the wait after each failed attempt. No attempt follows the one after the last
	// wait.
	schedule []time.Duration
	// attempt bounds one attempt.
	attempt time.Duration
	// stop is how long running attempts may continue after a stop. They are then cancelled before
	// the process is killed, and another process repeats them.
	stop time.Duration
	// mark bounds the recording of an outcome, including retries.
	mark time.Duration
	// rescue is the age at which an attempt's process counts as dead. It is longer than attempt and
	// mark together. A shorter time would repeat running attempts.
	rescue time.Duration
	// poll is how often the queue is polled without a notification.
	poll time.Duration
}

// defaultTiming is the retry schedule of Standard Webhooks (https://www.standardwebhooks.com,
// "Deliverability and reliability") for all kinds of channels: ten attempts in a little over three
// days.
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

// next returns the wait after a job's failed attempt, counted from 1. It returns false after the
// last attempt. It adds up to a tenth, so that deliveries that failed together do not return
// together. The result for an attempt is always the same.
func (t timing) next(job int64, attempt int) (time.Duration, bool) {
	if attempt > len(t.schedule) {
		return 0, false
	}
	wait := t.schedule[attempt-1]
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(job, 10) + "." + strconv.Itoa(attempt)))
	return wait + wait/10*time.Duration(h.Sum32()%1000)/1000, true
}
