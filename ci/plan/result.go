package plan

import (
	"fmt"
	"time"
)

// ResultFile is the path of a command's Result as JSON.
const ResultFile = Dist + "/result.json"

// Outcome is the state of a stack after a deployment.
type Outcome string

// These are the outcomes of a deployment.
const (
	// Deployed means that the release runs and passed its smoke test.
	Deployed Outcome = "deployed"
	// Cancelled means that the pipeline was cancelled during the deployment. The running release is
	// unknown. It is safe to run the deployment again.
	Cancelled Outcome = "cancelled"
	// Unchanged means that a step failed before anything was changed.
	Unchanged Outcome = "unchanged"
	// Restored means that a step failed. The previous release runs again and passed its smoke test.
	Restored Outcome = "restored"
	// Broken means that a step failed and the previous release could not be restored, or there was
	// none.
	Broken Outcome = "broken"
)

// Result is the outcome of a command, for notifications.
type Result struct {
	// Command is the command that ran, such as deploy.
	Command string `json:"command"`
	// Stack is the stack that was deployed to, and URL its public address. For commands without a
	// deployment, both are empty, and so is Outcome.
	Stack string `json:"stack"`
	URL   string `json:"url"`
	// Release is the release to deploy. It has no number and no images if a step failed before they
	// were known.
	Release Deployment `json:"release"`
	Outcome Outcome    `json:"outcome"`
	// Began is in UTC. Seconds is the duration of the whole run.
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	// Step is the failed step, Reason the error, and Output the last lines of its output.
	Step   string `json:"step,omitempty"`
	Reason string `json:"reason,omitempty"`
	Output string `json:"output,omitempty"`
	// Before is the previous release. It runs again if the outcome is Restored. It is nil before
	// the first release.
	Before *Deployment `json:"before,omitempty"`
}

// Failed reports whether a step failed. In that case the release does not run.
func (r Result) Failed() bool {
	if r.Stack == "" {
		return r.Reason != ""
	}
	return r.Outcome != Deployed
}

// Summary returns the result in one sentence. A second one says that untested images run.
func (r Result) Summary() string {
	summary := r.summary()
	switch {
	case r.Outcome == Deployed && r.Release.Untested != "":
		summary += ". UNTESTED: " + r.Release.Untested
	case r.Outcome == Restored && r.Before != nil && r.Before.Untested != "":
		summary += ". UNTESTED: " + r.Before.Untested
	}
	return summary
}

func (r Result) summary() string {
	before := ""
	if r.Before != nil {
		before = fmt.Sprintf("release %d", r.Before.Number)
	}
	switch r.Outcome {
	case Deployed:
		return fmt.Sprintf("%s runs release %d, and its smoke test passed", r.Stack, r.Release.Number)
	case Unchanged:
		return r.Stack + " is unchanged"
	case Restored:
		return fmt.Sprintf("%s was restored: %s runs again, and its smoke test passed", r.Stack, before)
	case Cancelled:
		return r.Stack + " is in an unknown state: deploy again with -take-over, or roll back"
	case Broken:
	}
	if r.Before == nil {
		return r.Stack + " is BROKEN and needs attention: there is no release to return to"
	}
	return fmt.Sprintf("%s is BROKEN and needs attention: %s could not be restored", r.Stack, before)
}
