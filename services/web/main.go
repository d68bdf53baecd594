// Command web serves the pages. It is also the only public entrance to the system:
//
//	browser, programs ── web ─┬─ /api/  /mcp ── api
//	                          ├─ /live ──────── live
//	                          ├─ /chat ──────── assistant
//	                          ├─ /understand    parses a line while it is typed
//	                          └─ pages and forms, which call api for the user
//
// It limits request rates and tells the other services the client's address. It hides their
// callbacks (/events, /job, /internal) from the public.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
