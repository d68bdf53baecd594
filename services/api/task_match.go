package main

import (
	"fmt"
	"strings"

	"taskmaster/internal/task"
)

// etag returns the strong entity tag of a task. It differs between epochs, because a revision means
// something else in each.
func etag(t task.Task, epoch string) string { return fmt.Sprintf("%q", t.Version(epoch)) }

// checkMatch evaluates If-Match (RFC 9110 section 13.1.1). It returns code precondition_failed if
// the task has changed since.
func checkMatch(ifMatch string, t task.Task, epoch string) error {
	if ifMatch == "" {
		return nil
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(t, epoch) {
			return nil
		}
	}
	return task.Errorf(task.CodePrecondition, "the task has changed since: it is at revision %d now; read it again", t.Revision)
}
