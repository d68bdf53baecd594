// Command live notifies browsers and programs of changes while they are connected. Each client has
// one WebSocket. Events come from the task-updates topic. The database supplies the changes that
// the topic did not deliver.
//
// The life of a socket:
//
//	GET /live?since=41 ── authenticated, origin allowed, a free slot
//	      │
//	   replay: the changes after 41 from the database, page by page; removed ones become one "resync"
//	      │
//	   watch: the hub queues the user's events from now on; one more replay closes the gap
//	      │
//	   stream: the event after the last sent one is written, an older one is skipped,
//	      │    a later one (a gap) is fetched by replay
//	      │        └─ every PING_INTERVAL: does the peer answer, has the database more changes,
//	      │           is the credential still valid? A heartbeat then tells the client that it is up to date
//	   closed: by the peer, or with a code and a reason: going away (1001), policy violation (1008),
//	           try again later (1013), the credential has ended (4401), too many sockets of one user (4429)
//
// open.go accepts a socket, replay.go reads the missing changes, socket.go writes the stream, and
// hub.go passes the events of the topic to the sockets.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
