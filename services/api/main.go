// Command api stores tasks. It serves REST to browsers and programs, owns the outbox and its relay,
// and fires reminders.
//
//	api                    serve
//	api migrate            bring the database schema up to date
//	api replay --since 2h  publish stored events again
//	api events tail        print the events of the outbox, and new ones with -follow
//	api unhandled          count the events that no consumer has handled
//	api dead-letters       show, replay or discard events that no consumer could handle
//	api backup FILE        write all data into a file, also while the services run
//	api restore FILE       fill an empty database from a backup
//	api users              list, invite, reset, confirm, disable and delete accounts
//	api channels           seal the secrets of channels, and count them by their key
//	api restored           tell clients that the database was restored by other means
//
// The files sort by the thing that they handle: account, channel, delivery, export, import,
// session, task, token. A change runs through answer_commit.go, and task_store.go holds the changes
// of a task. The programs that an operator runs begin with command_.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	if len(os.Args) > 1 {
		os.Exit(server.Command(commands, os.Args[1:]))
	}
	os.Exit(server.Main(loadConfig, run))
}
