// Command api keeps tasks: REST for browsers and programs, the outbox and its relay, and the jobs of reminders.
//
//	api                    serve
//	api migrate            bring the database's schema up to date
//	api replay --since 2h  publish stored events again
//	api dead-letters       show, replay or discard what no consumer could handle
//	api backup FILE        write all data into a file, also while the services run
//	api restore FILE       make an empty database that of a backup
//	api restored           tell everybody that the database was restored by other means
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
