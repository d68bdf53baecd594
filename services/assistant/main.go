// Command assistant answers sentences of people about their tasks, without a language model.
//
//	POST /chat ── credentials, origin ── dialog.Run ── POST /mcp of api, with the same credentials
//	                                         └─ server-sent events: step, step, …, text, answer, end
//
// It has the rights of its caller: api checks the credentials and scopes of each call. Package intent reads the
// sentence and package dialog answers it. chat.go is the turn, and stream.go its format. Package conversation keeps the
// turns in Dapr's state store (history.go), which all replicas share. While the store is away, turns are
// answered and not kept.
//
// If the assistant is away, everything else works.
package main

import (
	"os"

	"taskmaster/internal/server"
)

func main() { os.Exit(server.Main(loadConfig, run)) }
