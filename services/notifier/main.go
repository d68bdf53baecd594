// Command notifier tells people of reminders: by webhook, by e-mail and by web push.
//
//	reminder.due --> inbox row + a delivery and a job per enabled channel, one transaction
//	job --> attempt --> sent
//	          ^   \---> given up: what will not get better, or the schedule is over
//	          +---failed: again after 5 s, 5 min, 30 min ... 24 h
//
// There is exactly one delivery for an event and a channel, however often the event comes. Each attempt is made at least
// once: a process that dies between sending and noting it sends again, under the same ids (webhook-id, Message-ID, the push
// message's Topic and tag), by which the receiver knows it for the same. A reminder says what held when it fired; that the
// task was completed or deleted since does not stop it.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
