// Command web is the page, and the one public edge of the system:
//
//	browser, programs ── web ─┬─ /api/  /mcp ── api
//	                          ├─ /live ──────── live
//	                          ├─ /chat ──────── assistant
//	                          ├─ /understand  /repeats   what a line or a recurrence means
//	                          └─ everything else is the page's own files
//
// It limits how much anyone may ask, says who asked to those behind it, and never shows their callbacks (/events, /job,
// /internal) to the outside.
package main

import (
	"os"

	"taskmaster/services/server"
)

func main() {
	os.Exit(server.Main(loadConfig, run))
}
