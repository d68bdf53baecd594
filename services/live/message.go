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
	// typeResync says that changes up to the message's revision cannot be told one by one: load the tasks anew.
	typeResync = "resync"
	// typeHeartbeat says that the connection works and that the client has all changes up to the message's revision. The first
	// one ends the replay. A path can die without a close (NAT, VPN, sleep): a client that hears nothing for 2.5 times
	// interval_seconds connects again with since=<last revision>.
	typeHeartbeat = "heartbeat"
)

// message is what a socket carries. A deleted task is as it was last. Clients ignore types and fields that they do not know.
type message struct {
	// Epoch names the history which Revision is of. Each socket puts it in when it sends (encoded.of).
	Epoch    string     `json:"epoch,omitempty"`
	Revision int64      `json:"revision"`
	Type     string     `json:"type"`
	Task     *task.Task `json:"task,omitempty"`
	// IntervalSeconds is the longest time from one heartbeat to the next. Only heartbeats have it.
	IntervalSeconds float64 `json:"interval_seconds,omitempty"`
}

// encoded is a message in JSON, made once for all sockets that it goes to. Without a body it says that there is one in the
// database.
type encoded struct {
	revision int64
	body     []byte
}

// of returns the message as sockets of an epoch get it: with the epoch as its first field.
func (m encoded) of(epoch string) []byte {
	return slices.Concat([]byte(`{"epoch":`), strconv.AppendQuote(nil, epoch), []byte{','}, m.body[1:])
}

// encode makes the message of a task.changed event.
func encode(e event.Event) (encoded, error) {
	m := message{Revision: e.Data.Revision, Type: typeChanged, Task: &e.Data.TaskData}
	if e.Data.Deleted {
		m.Type = typeDeleted
	}
	body, err := json.Marshal(m)
	if err != nil {
		return encoded{}, fmt.Errorf("encode change %d of user %s: %w", e.Data.Revision, e.Data.UserID, err)
	}
	return encoded{m.Revision, body}, nil
}

// encodeResync makes the message that a user's changes up to a revision are lost.
func encodeResync(revision int64) (encoded, error) {
	body, err := json.Marshal(message{Revision: revision, Type: typeResync})
	if err != nil {
		return encoded{}, fmt.Errorf("encode resync: %w", err)
	}
	return encoded{revision, body}, nil
}

// encodeHeartbeat makes the message that a client has everything up to a revision.
func encodeHeartbeat(revision int64, interval time.Duration) (encoded, error) {
	body, err := json.Marshal(message{Revision: revision, Type: typeHeartbeat, IntervalSeconds: interval.Seconds()})
	if err != nil {
		return encoded{}, fmt.Errorf("encode heartbeat: %w", err)
	}
	return encoded{revision, body}, nil
}
