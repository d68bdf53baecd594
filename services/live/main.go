// Command live tells browsers and programs what changed while they watch: one WebSocket each, fed by the task-updates
// topic and, for whatever that did not bring, by the database.
//
// A socket's life:
//
//	GET /live?since=41 ── authenticated, origin allowed, places left
//	      │
//	   replay: the database's changes after 41, page by page; what it no longer keeps becomes one "resync"
//	      │
//	   watch: the hub queues the user's events from now on; one more replay closes the seam
//	      │
//	   stream: the event after the last one sent is written, an older one skipped, a later one (a gap) fetched by replay
//	      │        └─ every PING_INTERVAL: does the peer answer, has the database more, is the credential still good? Then
//	      │           a heartbeat tells the client that it has everything
//	   closed: by the peer, or with a code and a reason: going away (1001), policy violation (1008), try again later (1013),
//	           the credential has ended (4401), too many sockets of one user (4429)
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
