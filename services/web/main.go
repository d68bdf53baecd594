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
//
// The pages and their forms are the files of this folder, named after the thing and the action. Each
// route is a line of routes.go. The folder client calls api for the user of a request, and proxy is
// the public entrance. README.md explains how a page is made.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
