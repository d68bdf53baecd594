// Command web is the page, and the one public edge of the system:
//
//	browser, programs ── web ─┬─ /api/  /mcp ── api
//	                          ├─ /live ──────── live
//	                          ├─ /chat ──────── assistant
//	                          ├─ /understand    what a line means, while it is typed
//	                          └─ the pages and their forms, which call api for the visitor
//
// It limits how much anyone may ask, says who asked to those behind it, and never shows their callbacks (/events, /job,
// /internal) to the outside.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
