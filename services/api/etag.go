package main

import (
	"fmt"
	"strings"

	"taskmaster/services/task"
)

// etag is a task's strong entity tag: the revision at which it changed last.
func etag(t task.Task) string { return fmt.Sprintf("%q", fmt.Sprint(t.Revision)) }

// checkMatch evaluates If-Match (RFC 9110 section 13.1.1). Code precondition_failed when the task has changed since.
func checkMatch(ifMatch string, t task.Task) error {
	if ifMatch == "" {
		return nil
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(t) {
			return nil
		}
	}
	return task.Errorf(task.CodePrecondition, "the task has changed since: it is at revision %d now; read it again", t.Revision)
}
