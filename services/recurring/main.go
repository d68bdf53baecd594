// Command recurring makes the next task of a series when one is completed.
//
//	task.completed --> task.NextTask --> api: POST internal/occurrences --> 201 made | 200 made before, or the completion was undone
//	                        \--> the series has ended, or there is none: nothing to do
//
// It keeps nothing. The next task and its id derive from the event, which has the task as it was
// completed. api knows which completions stand and which are followed. An event that comes late,
// twice or to two replicas makes one task or none. While api is away events come again; one that
// can never lead to a task goes to the dead letter topic.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
