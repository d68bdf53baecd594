package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// The types of messages.
const (
	typeChanged = "task.changed"
	typeDeleted = "task.deleted"
	// typeResync means that the changes up to the message's revision cannot be sent one by one. The
	// client must reload all tasks.
	typeResync = "resync"
	// typeHeartbeat means that the connection works and that the client has all changes up to the
	// message's revision. The first heartbeat ends the replay. A connection can die without a close
	// (NAT, VPN, sleep). A client without a message for 2.5 times interval_seconds reconnects with
	// since=<last revision>.
	typeHeartbeat = "heartbeat"
)

// message is the content of a WebSocket message. For a deleted task it holds the last state.
// Clients ignore unknown types and fields.
type message struct {
	// Epoch identifies the history of Revision. Each socket adds it when it sends (encoded.of).
	Epoch    string     `json:"epoch,omitempty"`
	Revision int64      `json:"revision"`
	Type     string     `json:"type"`
	Task     *task.Task `json:"task,omitempty"`
	// TraceParent names the trace of the change (https://www.w3.org/TR/trace-context/).
	TraceParent string `json:"traceparent,omitempty"`
	// IntervalSeconds is the maximum time between two heartbeats. Only heartbeats have it.
	IntervalSeconds float64 `json:"interval_seconds,omitempty"`
}

// encoded is a message in JSON, encoded once for all sockets. Without a body it only reports that
// the database has that revision.
type encoded struct {
	revision int64
	body     []byte
}

// of returns the message for sockets of an epoch. The epoch is its first field.
func (m encoded) of(epoch string) []byte {
	return slices.Concat([]byte(`{"epoch":`), strconv.AppendQuote(nil, epoch), []byte{','}, m.body[1:])
}

// encode returns the message of a task.changed event.
func encode(e event.Event) (encoded, error) {
	m := message{Revision: e.Data.Revision, Type: typeChanged, Task: &e.Data.TaskData, TraceParent: e.TraceParent}
	if e.Data.Deleted {
		m.Type = typeDeleted
	}
	body, err := json.Marshal(m)
	if err != nil {
		return encoded{}, fmt.Errorf("encode change %d of user %s: %w", e.Data.Revision, e.Data.UserID, err)
	}
	return encoded{m.Revision, body}, nil
}

// encodeResync returns the message that a user's changes up to a revision must be reloaded.
func encodeResync(revision int64) (encoded, error) {
	body, err := json.Marshal(message{Revision: revision, Type: typeResync})
	if err != nil {
		return encoded{}, fmt.Errorf("encode resync: %w", err)
	}
	return encoded{revision, body}, nil
}

// encodeHeartbeat returns the message that a client has all changes up to a revision.
func encodeHeartbeat(revision int64, interval time.Duration) (encoded, error) {
	body, err := json.Marshal(message{Revision: revision, Type: typeHeartbeat, IntervalSeconds: interval.Seconds()})
	if err != nil {
		return encoded{}, fmt.Errorf("encode heartbeat: %w", err)
	}
	return encoded{revision, body}, nil
}
