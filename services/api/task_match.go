package main

import (
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// checkMatch evaluates If-Match (RFC 9110 section 13.1.1). It returns code precondition_failed if
// the task has changed since.
func checkMatch(ifMatch []string, t task.Task, epoch string) error {
	if server.Match(ifMatch, task.ETag(t.Version(epoch))) {
		return nil
	}
	return task.Errorf(task.CodePrecondition, "the task has changed since: it is at revision %d now; read it again", t.Revision)
}
