package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/invopop/jsonschema"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

//go:generate go test -run TestSchemasAreCurrent -update .

var update = flag.Bool("update", false, "write the generated files instead of comparing with them")

// typeDocs describes each event type for the documents.
var typeDocs = map[string]string{
	event.TaskCreated:   "A task was created.",
	event.TaskUpdated:   "Fields of a task changed. data.previous holds their old values.",
	event.TaskCompleted: "A task was completed.",
	event.TaskDeleted:   "A task was deleted. data.task_data is its last state.",
	event.ReminderDue:   "A reminder fired. The task is still open, and its due date has not changed.",
	event.TaskChanged:   "The new state of a task for clients. With data.deleted it is the last state. Every change of a task has this event.",
}

// promised are the fields of data that an event type requires in addition to the common ones.
var promised = map[string][]string{event.TaskUpdated: {"previous"}, event.ReminderDue: {"reminder"}}

// TestSchemasAreCurrent compares schema/ with the Go types. go generate writes schema/ and keeps a
// new version of the events (versions_test.go).
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"schema/v1/event.json": encode(t, envelopeSchema(t)), "schema/asyncapi.json": encode(t, asyncAPI(t))}
	for eventType := range typeDocs {
		files["schema/v1/"+eventType+".json"] = encode(t, typeSchema(eventType))
	}
	for name, want := range files {
		if *update {
			write(t, name, want)
		} else if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the Go types (%v): run go generate", name, err)
		}
	}
	if *update {
		keepVersion(t, files)
	}
	for _, name := range onDisk(t, "schema/*.json", "schema/*/*.json") {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is not a generated file", name)
		}
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func onDisk(t *testing.T, patterns ...string) []string {
	t.Helper()
	var found []string
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}

// envelopeSchema returns the schema of the fields that all events have. It allows unknown fields,
// because readers ignore them.
func envelopeSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: true,
		Mapper: func(of reflect.Type) *jsonschema.Schema {
			switch of {
			case reflect.TypeFor[uuid.UUID]():
				return &jsonschema.Schema{Type: "string", Format: "uuid"}
			case reflect.TypeFor[time.Time]():
				return &jsonschema.Schema{Type: "string", Format: "date-time"}
			case reflect.TypeFor[task.Date]():
				return &jsonschema.Schema{Type: "string", Format: "date"}
			case reflect.TypeFor[task.Priority]():
				return enum(task.PriorityNone, task.PriorityLow, task.PriorityMedium, task.PriorityHigh)
			}
			return nil
		},
	}
	for _, dir := range []string{".", "../task"} {
		if err := r.AddGoComments("taskmaster/internal/event", dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, doc := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(doc, "\n", " ") // the source wraps its lines
	}
	s := r.Reflect(event.Event{})
	s.ID, s.Title = "event.json", "Event"
	set(s, "specversion", &jsonschema.Schema{Const: "1.0"})
	set(s, "source", &jsonschema.Schema{Const: event.Source})
	set(s, "datacontenttype", &jsonschema.Schema{Const: "application/json"})
	set(s.Definitions["Recurrence"], "anchor", enum(task.AnchorDue, task.AnchorCompletion))
	set(s.Definitions["Recurrence"], "missed", enum(task.MissedSkip, task.MissedCatchUp))
	for name, of := range map[string]reflect.Type{"Task": reflect.TypeFor[task.Task](), "Data": reflect.TypeFor[event.Data]()} {
		allowNull(s.Definitions[name], of)
	}
	return s
}

func enum[T any](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}

// set replaces a property and keeps its description.
func set(s *jsonschema.Schema, name string, property *jsonschema.Schema) {
	old, ok := s.Properties.Get(name)
	if !ok {
		panic("the schema has no property " + name)
	}
	property.Description = old.Description
	s.Properties.Set(name, property)
}

// allowNull allows null for pointers that are encoded even if they are nil.
func allowNull(s *jsonschema.Schema, of reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name := field.Tag.Get("json")
		if field.Type.Kind() != reflect.Pointer {
			continue
		}
		if property, ok := s.Properties.Get(name); ok {
			description := property.Description
			property.Description = ""
			s.Properties.Set(name, &jsonschema.Schema{Description: description, AnyOf: []*jsonschema.Schema{property, {Type: "null"}}})
		}
	}
}

// typeSchema returns the schema of one event type: the envelope and the type's own requirements.
func typeSchema(eventType string) map[string]any {
	data := map[string]any{"properties": map[string]any{"event_type": map[string]any{"const": eventType}}}
	if fields := promised[eventType]; len(fields) > 0 {
		data["required"] = fields
	}
	return map[string]any{
		"$schema": jsonschema.Version, "$id": eventType + ".json", "title": eventType, "description": typeDocs[eventType],
		"$ref": "event.json", "properties": map[string]any{"type": map[string]any{"const": eventType}, "data": data},
	}
}

// asyncAPI returns the AsyncAPI 3 document of the topics.
func asyncAPI(t *testing.T) map[string]any {
	t.Helper()
	ref := func(format string, args ...any) map[string]any {
		return map[string]any{"$ref": fmt.Sprintf(format, args...)}
	}
	messages, channels, operations := map[string]any{}, map[string]any{}, map[string]any{}
	byTopic := map[string][]string{}
	for _, eventType := range slices.Sorted(maps.Keys(typeDocs)) {
		byTopic[event.Topic(eventType)] = append(byTopic[event.Topic(eventType)], eventType)
		var example map[string]any
		if err := json.Unmarshal(encode(t, examples(t)[eventType]), &example); err != nil {
			t.Fatal(err)
		}
		messages[eventType] = map[string]any{
			"name": eventType, "title": eventType, "summary": typeDocs[eventType], "contentType": "application/cloudevents+json",
			"payload":  map[string]any{"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": ref("./v1/%s.json", eventType)},
			"bindings": map[string]any{"kafka": map[string]any{"key": map[string]any{"type": "string", "format": "uuid", "description": "data.user_id"}}},
			"examples": []any{map[string]any{"name": eventType, "payload": example}},
		}
	}
	byTopic[event.TopicDeadLetters] = slices.Sorted(maps.Keys(typeDocs))
	for topic, doc := range map[string]string{
		event.TopicTasks:       "Changes of tasks for other services.",
		event.TopicReminders:   "Reminders that fired.",
		event.TopicUpdates:     "Changes of tasks for clients.",
		event.TopicDeadLetters: "Messages that a consumer could not handle, unchanged. They include messages that are not events.",
	} {
		of, inOperation := map[string]any{}, []any{}
		for _, eventType := range byTopic[topic] {
			of[eventType] = ref("#/components/messages/%s", eventType)
			inOperation = append(inOperation, ref("#/channels/%s/messages/%s", topic, eventType))
		}
		channels[topic] = map[string]any{"address": topic, "description": doc, "messages": of}
		if topic != event.TopicDeadLetters {
			operations["publish-"+topic] = map[string]any{"action": "send", "channel": ref("#/channels/%s", topic), "messages": inOperation,
				"summary": "api publishes committed changes at least once, in the order of each user's revisions."}
		}
	}
	return map[string]any{
		"asyncapi": "3.0.0",
		"info": map[string]any{
			"title": "TaskMaster's events", "version": "1.0.0",
			"description": "CloudEvents 1.0 on the Dapr pub/sub component kafka-pubsub. The partition key is data.user_id; retention is seven days or more. " +
				"A repeated event has the same id. data.revision orders a user's changes. Fields may be added: readers ignore unknown fields and " +
				"types. A breaking change is a new type beside the old one, until nobody reads the old one.",
		},
		"defaultContentType": "application/cloudevents+json",
		"channels":           channels, "operations": operations, "components": map[string]any{"messages": messages},
	}
}

// TestAsyncAPIHolds shows that every reference of the document has a target.
func TestAsyncAPIHolds(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("schema/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc := decodeAny(t, raw)
	refs := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, child := range v {
				walk(child)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				refs++
				if path, local := strings.CutPrefix(ref, "#/"); local {
					at := doc
					for name := range strings.SplitSeq(path, "/") {
						m, _ := at.(map[string]any)
						at = m[name]
					}
					if at == nil {
						t.Errorf("%s has no target", ref)
					}
				} else if _, err := os.Stat(filepath.Join("schema", ref)); err != nil {
					t.Errorf("%s: %v", ref, err)
				}
			}
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(doc)
	// One per schema, one per message of a channel, and for operations a channel and their
	// messages.
	if want := 6 + 12 + 3 + 6; refs != want {
		t.Errorf("got %d references, want %d", refs, want)
	}
}
