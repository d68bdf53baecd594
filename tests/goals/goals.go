// Package goals compares measurements with the numbers of the specification. The program tests/bench
// measures.
package goals

import (
	"fmt"
	"strings"
	"time"
)

// Goal is a number of the specification.
type Goal string

// The goals, in the words of a report.
const (
	Publishing   Goal = "publishing adds to an answer"
	Occurrence   Goal = "the next occurrence is there after"
	Notification Goal = "a notification is delivered after its event"
	OtherDevice  Goal = "a change is on another device after"
	Events       Goal = "events a second"
	Answer       Goal = "100 people have an answer after"
	Reminder     Goal = "a reminder is late by"
)

// limit is the bound of a goal: the longest time or the lowest rate.
type limit struct {
	goal        Goal
	requirement string
	most        time.Duration
	least       float64
}

// limits are the numbers of docs/requirements.md.
var limits = []limit{
	{goal: Publishing, requirement: "NFR-001", most: 50 * time.Millisecond},
	{goal: Occurrence, requirement: "NFR-002", most: 5 * time.Second},
	{goal: Notification, requirement: "NFR-003", most: 10 * time.Second},
	{goal: OtherDevice, requirement: "NFR-004", most: 2 * time.Second},
	{goal: Answer, requirement: "NFR-005", most: time.Second},
	{goal: Events, requirement: "NFR-013", least: 1000},
	{goal: Reminder, requirement: "US3.2", most: 10 * time.Second},
}

// Result holds the worst measurement of each goal. The zero Result is empty.
type Result struct {
	took map[Goal]time.Duration
	rate map[Goal]float64
}

// Took records times. The longest of a goal counts.
func (r *Result) Took(goal Goal, all ...time.Duration) {
	for _, d := range all {
		if before, ok := r.took[goal]; !ok || d > before {
			if r.took == nil {
				r.took = map[Goal]time.Duration{}
			}
			r.took[goal] = d
		}
	}
}

// Rate records a rate per second. The lowest of a goal counts.
func (r *Result) Rate(goal Goal, perSecond float64) {
	if before, ok := r.rate[goal]; !ok || perSecond < before {
		if r.rate == nil {
			r.rate = map[Goal]float64{}
		}
		r.rate[goal] = perSecond
	}
}

// Check returns a table of all goals, and an error that names the missed ones. A goal that was not
// measured is missed.
func (r *Result) Check() (report string, err error) {
	var table strings.Builder
	table.WriteString("\n| goal | wanted by | measured | limit | |\n|---|---|--:|--:|---|\n")
	var missed []string
	for _, l := range limits {
		measured, bound, met := r.compare(l)
		verdict := "met"
		if !met {
			verdict = "**missed**"
			missed = append(missed, fmt.Sprintf("%s (%s): %s, the limit is %s", l.goal, l.requirement, measured, bound))
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", l.goal, l.requirement, measured, bound, verdict)
	}
	if len(missed) > 0 {
		return table.String(), fmt.Errorf("%d of %d goals are missed:\n  %s", len(missed), len(limits), strings.Join(missed, "\n  "))
	}
	return table.String(), nil
}

// compare returns a measurement and its limit in words, and reports whether the limit is kept.
func (r *Result) compare(l limit) (measured, bound string, met bool) {
	measured = "not measured"
	if l.least > 0 {
		rate, ok := r.rate[l.goal]
		if ok {
			measured = fmt.Sprintf("%.0f", rate)
		}
		return measured, fmt.Sprintf("%.0f or more", l.least), ok && rate >= l.least
	}
	took, ok := r.took[l.goal]
	if ok {
		measured = took.Round(100 * time.Microsecond).String()
	}
	return measured, l.most.String(), ok && took <= l.most
}
