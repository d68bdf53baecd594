package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Envelope holds the readable fields of a message that may not be an event. A field that is missing
// or of another type is zero.
type Envelope struct {
	ID     uuid.UUID
	Type   string
	TaskID uuid.UUID
	UserID uuid.UUID
	// Topic is the topic that the event was first published to. It comes from the sidecar's
	// attribute, or else from the event type.
	Topic string
}

// ReadEnvelope reads the fields that it can.
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

// TraceParentOf returns the traceparent of an event in JSON, or "". It does not decode the event: a quote within a text
// of JSON has a backslash, so no title can look like the attribute.
func TraceParentOf(raw []byte) string {
	_, rest, found := bytes.Cut(raw, []byte(`"traceparent":"`))
	value, _, ended := bytes.Cut(rest, []byte(`"`))
	if !found || !ended {
		return ""
	}
	return string(value)
}

// IsObject reports whether raw is a JSON object, like every event.
func IsObject(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && utf8.Valid(raw) && json.Valid(raw)
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	return read[map[string]json.RawMessage](raw)
}

// read decodes a value. It returns the zero value for a value of another type.
func read[T any](raw json.RawMessage) T {
	var v, none T
	if json.Unmarshal(raw, &v) != nil {
		return none
	}
	return v
}
