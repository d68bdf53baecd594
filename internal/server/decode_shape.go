package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// The limits of a JSON body beyond its size. Without them, a short body of empty elements takes a
// hundred times its size in memory.
const (
	MaxElements = 1000 // of an array
	MaxMembers  = 100  // of an object
	MaxDepth    = 16   // of arrays and objects in each other
)

// errEnough ends the walk through a body that has broken a limit.
var errEnough = errors.New("enough problems")

// checkShape reads the JSON of body token by token, beside the type of v, and keeps none of it. It
// returns the values that break a limit or fit no field, time.Time or UUID. encoding/json lets the
// latter types decode themselves: their errors do not name the field and use a library's words.
func checkShape(body []byte, v any) []task.FieldError {
	s := shape{d: json.NewDecoder(bytes.NewReader(body))}
	s.d.UseNumber()
	_ = s.value(reflect.TypeOf(v), "", 0) // the decoder reports invalid JSON
	return s.bad
}

// shape is a walk through a JSON value.
type shape struct {
	d   *json.Decoder
	bad []task.FieldError
}

// fail adds a problem. It returns errEnough after the last one that is reported.
func (s *shape) fail(path, message string) error {
	s.bad = append(s.bad, task.FieldError{Field: path, Message: message})
	if len(s.bad) == task.MaxFieldErrors {
		return errEnough
	}
	return nil
}

// value reads a value that is decoded into a type. The type is nil if it is not known.
func (s *shape) value(t reflect.Type, path string, depth int) error {
	token, err := s.d.Token()
	if err != nil {
		return err
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if token == nil && path == "" {
		return s.fail(path, "is null")
	}
	if message := misfit(token, t); message != "" {
		if err := s.fail(path, message); err != nil {
			return err
		}
		t = nil
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == MaxDepth {
		_ = s.fail(path, fmt.Sprintf("is nested more than %d deep", MaxDepth))
		return errEnough
	}
	if delim == '[' {
		return s.array(t, path, depth+1)
	}
	return s.object(t, path, depth+1)
}

// misfit returns a message about a token that is no time.Time or UUID.
func misfit(token json.Token, t reflect.Type) string {
	text, _ := token.(string)
	switch {
	case token == nil:
	case t == reflect.TypeFor[time.Time]():
		if _, err := task.ParseInstant(text); err != nil {
			return err.Error()
		}
	case t == reflect.TypeFor[uuid.UUID]():
		if _, err := task.ParseID(text); err != nil {
			return err.Error()
		}
	}
	return ""
}

func (s *shape) array(t reflect.Type, path string, depth int) error {
	var element reflect.Type
	if t != nil && t.Kind() == reflect.Slice && t != reflect.TypeFor[json.RawMessage]() {
		element = t.Elem()
	}
	for i := 0; s.d.More(); i++ {
		if i == MaxElements {
			_ = s.fail(path, fmt.Sprintf("has more than %d entries", MaxElements))
			return errEnough
		}
		if err := s.value(element, fmt.Sprintf("%s[%d]", path, i), depth); err != nil {
			return err
		}
	}
	_, err := s.d.Token()
	return err
}

func (s *shape) object(t reflect.Type, path string, depth int) error {
	for i := 0; s.d.More(); i++ {
		if i == MaxMembers {
			_ = s.fail(path, fmt.Sprintf("has more than %d fields", MaxMembers))
			return errEnough
		}
		token, err := s.d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		inner := strings.TrimPrefix(path+"."+name, ".")
		field, known := fieldOf(t, name)
		if !known {
			if err := s.fail(inner, "is not a known field"); err != nil {
				return err
			}
		}
		if err := s.value(field, inner, depth); err != nil {
			return err
		}
	}
	_, err := s.d.Token()
	return err
}

// fieldOf returns the type of a member of a JSON object that is decoded into a type. It reports
// whether the type has the member. The type is nil if it is not known.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil, true
	}
	for _, field := range reflect.VisibleFields(t) {
		known, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if known != "" && known != "-" && known == name {
			return field.Type, true
		}
	}
	return nil, false
}
