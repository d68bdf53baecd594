package plan

import (
	"fmt"
	"time"
)

// ResultFile is where a Result is, as JSON, when a verb has ended.
const ResultFile = Dist + "/result.json"

// Outcome is what became of a stack.
type Outcome string

// The outcomes of a deployment.
const (
	// Deployed means that the release runs and that its smoke test passed.
	Deployed Outcome = "deployed"
	// Cancelled means that the pipeline was ended half-way, and what runs is not known. It can be run again.
	Cancelled Outcome = "cancelled"
	// Unchanged means that a step failed before anything was changed.
	Unchanged Outcome = "unchanged"
	// Restored means that a step failed, and that the release of before runs again and passed its smoke test.
	Restored Outcome = "restored"
	// Broken means that a step failed, and that the release of before could not be restored, or that there was none.
	Broken Outcome = "broken"
)

// Result is how a verb ended, for who tells people of it.
type Result struct {
	Verb string `json:"verb"`
	// Stack is what was deployed to, and URL its public address; both are empty, and Outcome with them, for a verb that deploys nothing.
	Stack string `json:"stack"`
	URL   string `json:"url"`
	// Release is what was to run. It has no number and no images when a step failed before they were known.
	Release Deployment `json:"release"`
	Outcome Outcome    `json:"outcome"`
	// Began is in UTC, and Seconds is how long all of it took.
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	// Step is the one that failed, Reason is why, and Output the last lines that it printed.
	Step   string `json:"step,omitempty"`
	Reason string `json:"reason,omitempty"`
	Output string `json:"output,omitempty"`
	// Before is the release that ran before, and runs again when the outcome is Restored. There is none before the first.
	Before *Deployment `json:"before,omitempty"`
}

// Failed says whether a step failed, and with that that the release does not run.
func (r Result) Failed() bool {
	if r.Stack == "" {
		return r.Reason != ""
	}
	return r.Outcome != Deployed
}

// Summary is the result in one sentence.
func (r Result) Summary() string {
	before := ""
	if r.Before != nil {
		before = fmt.Sprintf("release %d", r.Before.Number)
	}
	switch r.Outcome {
	case Deployed:
		return fmt.Sprintf("%s runs release %d, and its smoke test passed", r.Stack, r.Release.Number)
	case Unchanged:
		return r.Stack + " is as it was: nothing was changed"
	case Restored:
		return fmt.Sprintf("%s is as it was: %s runs again, and its smoke test passed", r.Stack, before)
	case Cancelled:
		return r.Stack + " was left half-way: run it again with -take-over, or roll back"
	case Broken:
	}
	if r.Before == nil {
		return r.Stack + " is BROKEN and needs somebody: there is no release to go back to"
	}
	return fmt.Sprintf("%s is BROKEN and needs somebody: %s could not be restored", r.Stack, before)
}
