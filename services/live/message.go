package main

import (
	"encoding/json"
	"fmt"

	"taskmaster/services/event"
	"taskmaster/services/task"
)

// The types of messages.
const (
	typeChanged = "task.changed"
	typeDeleted = "task.deleted"
	// typeResync says that changes up to the message's revision cannot be told one by one: load the tasks anew.
	typeResync = "resync"
)

// message is what a socket carries. A deleted task is as it was last.
type message struct {
	Revision int64      `json:"revision"`
	Type     string     `json:"type"`
	Task     *task.Task `json:"task,omitempty"`
}

// encoded is a message in JSON, made once for all sockets that it goes to. Without a body it says that there is one in the
// database.
type encoded struct {
	revision int64
	body     []byte
}

// encode makes the message of a task.changed event.
func encode(e event.Event) (encoded, error) {
	m := message{e.Data.Revision, typeChanged, &e.Data.TaskData}
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
