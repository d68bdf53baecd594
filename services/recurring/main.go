// Command recurring creates the next task of a series when a task is completed.
//
//	task.completed --> task.NextTask --> api: POST internal/occurrences
//	                        \            201 created | 200 created before, or the completion was undone
//	                         \--> the series has ended, or there is none: nothing to do
//
// It stores nothing. The next task and its ID derive from the event, which contains the task as it
// was completed. api knows the valid completions and their followers. An event that comes late,
// twice or to two replicas creates one task or none. While api is away, events are retried. An
// event that can never lead to a task becomes a dead letter.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
