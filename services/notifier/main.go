// Command notifier notifies people of reminders by webhook, e-mail and web push.
//
//	reminder.due --> inbox row + a delivery and a job per enabled channel, one transaction
//	job --> attempt --> sent
//	          ^   \---> given up: a permanent failure, or the schedule has ended
//	          +---failed: again after 5 s, 5 min, 30 min ... 24 h
//
// There is exactly one delivery for an event and a channel, however often the event comes. Each
// attempt is made at least once. A process that dies between sending and recording sends again
// under the same IDs. They are the webhook-id, the Message-ID, and the push message's Topic and
// tag. The receiver recognises the repetition by them. A reminder shows the task's state when it
// fired. A later completion or deletion of the task does not stop it.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
