package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Tool describes a tool for the documents.
type Tool struct {
	Name, Title, Description string
	Effect                   Effect
}

// Effect is the effect of a tool on the tasks.
type Effect string

// The effects.
const (
	Reads   Effect = "reads"
	Adds    Effect = "adds"
	Changes Effect = "changes"
	Deletes Effect = "deletes"
)

// Tools returns all tools in the order in which clients list them.
func Tools() []Tool {
	var all []Tool
	for _, t := range tools() {
		all = append(all, t.Tool)
	}
	return all
}

// Scopes returns the scopes that the messages of a request need. Any request reads. A call of a tool
// that is more than a read also writes.
func Scopes(body []byte) []string {
	type message struct {
		Method string
		Params struct{ Name string }
	}
	var messages []message
	if json.Unmarshal(body, &messages) != nil { // only old clients send several
		messages = make([]message, 1)
		_ = json.Unmarshal(body, &messages[0]) // the protocol refuses what is not JSON
	}
	for _, m := range messages {
		changes := func(t tool) bool { return t.Name == m.Params.Name && t.Effect != Reads }
		if m.Method == "tools/call" && slices.ContainsFunc(tools(), changes) {
			return []string{account.ScopeTasksRead, account.ScopeTasksWrite}
		}
	}
	return []string{account.ScopeTasksRead}
}

// tool is a tool with its function. repeatable reports whether a second call with the same arguments
// changes nothing more.
type tool struct {
	Tool
	repeatable bool
	in, out    reflect.Type
	call       func(ctx context.Context, c *client, arguments []byte) (any, error)
}

// define returns a tool whose arguments are the fields of In, and whose result is Out.
func define[In, Out any](t Tool, repeatable bool, call func(context.Context, *client, In) (Out, error)) tool {
	return tool{t, repeatable, reflect.TypeFor[In](), reflect.TypeFor[Out](), func(ctx context.Context, c *client, arguments []byte) (any, error) {
		var in In
		if err := decode(arguments, &in); err != nil {
			return nil, err
		}
		return call(ctx, c, in)
	}}
}

func tools() []tool { return slices.Concat(readingTools(), changingTools(), researchTools()) }

func (t tool) describe() *sdk.Tool {
	return &sdk.Tool{
		Name: t.Name, Title: t.Title, Description: t.Description,
		InputSchema: inputSchema(t.in), OutputSchema: outputSchema(t.out),
		Annotations: &sdk.ToolAnnotations{
			Title: t.Title, ReadOnlyHint: t.Effect == Reads, DestructiveHint: new(t.Effect == Deletes),
			IdempotentHint: t.repeatable, OpenWorldHint: new(false),
		},
	}
}

// handler adapts a tool to the SDK. A refused call answers with words for the model. An error result
// has no structured content, because clients would compare it with the schema.
func (cfg Config) handler(t tool) sdk.ToolHandler {
	return func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		began, outcome := time.Now(), "error"
		defer func() { cfg.Called(t.Name, outcome, time.Since(began)) }()
		c, err := cfg.client(ctx)
		var result any
		if err == nil {
			result, err = t.call(ctx, c, req.Params.Arguments)
		}
		if err != nil {
			return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: cfg.explain(ctx, t.Name, err)}}}, nil
		}
		raw, err := json.Marshal(result)
		if err != nil {
			return nil, fmt.Errorf("encode the result of %s: %w", t.Name, err)
		}
		outcome = "ok"
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: string(raw)}}, StructuredContent: json.RawMessage(raw)}, nil
	}
}

// explain returns the words of an error. It logs an error that is our fault.
func (cfg Config) explain(ctx context.Context, name string, err error) string {
	known, isKnown := errors.AsType[*task.Error](err)
	status, isStatus := errors.AsType[*server.StatusError](err)
	switch {
	case isStatus:
		return status.Detail
	case !isKnown:
		cfg.Log.ErrorContext(ctx, "tool failed", "tool", name, "error", err)
		return errInternal.Error()
	}
	return inArguments(known).Error()
}

// inArguments returns an error whose fields have the names of the tools' arguments.
func inArguments(e *task.Error) *task.Error {
	renamed := *e
	renamed.Fields = slices.Clone(e.Fields)
	for i, f := range renamed.Fields {
		for of, argument := range map[string]string{"due_at": "due", "due_on": "due", "recurrence": "repeat"} {
			if f.Field == of || strings.HasPrefix(f.Field, of+".") {
				renamed.Fields[i].Field = argument
			}
		}
	}
	return &renamed
}

// decode reads arguments into in, a pointer to a struct. A null and an empty text are absent, because
// some models send all properties. It checks the required properties and the enums.
func decode(arguments []byte, in any) error {
	var given map[string]json.RawMessage
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &given); err != nil {
			return task.Errorf(task.CodeInvalid, "the arguments are not a JSON object")
		}
	}
	for name, raw := range given {
		if s := string(bytes.TrimSpace(raw)); s == "null" || s == `""` {
			delete(given, name)
		}
	}
	var bad []task.FieldError
	for _, f := range reflect.VisibleFields(reflect.TypeOf(in).Elem()) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		raw, ok := given[name]
		switch {
		case f.Anonymous:
		case !ok && !strings.Contains(options, "omit"):
			bad = append(bad, task.FieldError{Field: name, Message: "is required"})
		case ok && f.Tag.Get("enum") != "":
			if !oneOf(raw, strings.Fields(f.Tag.Get("enum"))) {
				bad = append(bad, task.FieldError{Field: name, Message: "is not one of " + strings.Join(strings.Fields(f.Tag.Get("enum")), ", ")})
			}
		}
	}
	if bad != nil {
		return task.InvalidFields(bad)
	}
	present, err := json.Marshal(given)
	if err != nil {
		return fmt.Errorf("encode arguments: %w", err)
	}
	if given == nil {
		present = []byte("{}")
	}
	return server.DecodeJSON(present, in)
}

// oneOf reports whether a JSON text, or each in a list of texts, is one of values.
func oneOf(raw json.RawMessage, values []string) bool {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		list = make([]string, 1)
		if json.Unmarshal(raw, &list[0]) != nil {
			return false
		}
	}
	return !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(values, s) })
}
