// Command recurring makes the next task of a series when one is completed.
//
//	task.completed --> task.NextTask --> api: POST internal/occurrences --> 201 made | 200 made before, or not wanted any more
//	                        \--> the series has ended, or there is none: nothing to do
//
// It keeps nothing: the same event leads to the same task with the same id, so an event that comes twice, or to two
// replicas, makes one task. While api is away events come again; one that can never lead to a task goes to the dead letter
// topic.
package main

import (
	"os"

	"taskmaster/services/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
