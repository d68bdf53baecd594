package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Envelope is what can be read of an event that may be none: each field that is there and is of its type.
type Envelope struct {
	ID     uuid.UUID
	Type   string
	TaskID uuid.UUID
	UserID uuid.UUID
	// Topic is where it was published first: what the sidecar wrote into it, else where events of its type go.
	Topic string
}

// ReadEnvelope reads what it can.
func ReadEnvelope(raw []byte) Envelope {
	fields := object(raw)
	data := object(fields["data"])
	e := Envelope{
		ID: read[uuid.UUID](fields["id"]), Type: read[string](fields["type"]), Topic: read[string](fields["topic"]),
		TaskID: read[uuid.UUID](data["task_id"]), UserID: read[uuid.UUID](data["user_id"]),
	}
	switch e.Topic {
	case TopicTasks, TopicReminders, TopicUpdates:
	default:
		e.Topic = ""
		if Known(e.Type) {
			e.Topic = Topic(e.Type)
		}
	}
	return e
}

// IsObject says whether raw is a JSON object, as every event is.
func IsObject(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && utf8.Valid(raw) && json.Valid(raw)
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	return read[map[string]json.RawMessage](raw)
}

// read decodes a value; one of another type is as if it were not there.
func read[T any](raw json.RawMessage) T {
	var v, none T
	if json.Unmarshal(raw, &v) != nil {
		return none
	}
	return v
}
