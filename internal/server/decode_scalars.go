package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// misfits names the values that encoding/json hands to types which read themselves, instants and ids, and which are none. Such a
// type's error does not know its field, is in the words of the library, and time.Time takes more than RFC 3339 allows.
func misfits(body []byte, v any) []task.FieldError {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil // the decoder says why
	}
	return misfitsIn(value, reflect.TypeOf(v), "")
}

func misfitsIn(value any, t reflect.Type, path string) []task.FieldError {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil {
		return nil
	}
	text, isText := value.(string)
	switch t {
	case reflect.TypeFor[time.Time]():
		if _, err := task.ParseInstant(text); !isText || err != nil {
			return []task.FieldError{{Field: path, Message: "is not an RFC 3339 instant such as 2026-02-10T15:00:00Z"}}
		}
		return nil
	case reflect.TypeFor[uuid.UUID]():
		if _, err := uuid.Parse(text); !isText || err != nil {
			return []task.FieldError{{Field: path, Message: "is not a UUID"}}
		}
		return nil
	}
	var bad []task.FieldError
	switch t.Kind() {
	case reflect.Struct:
		object, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if field, ok := fieldOf(t, name); ok {
				bad = append(bad, misfitsIn(object[name], field, strings.TrimPrefix(path+"."+name, "."))...)
			}
		}
	case reflect.Slice:
		list, _ := value.([]any)
		for i, element := range list {
			bad = append(bad, misfitsIn(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i))...)
		}
	default: // decoding itself refuses a scalar of another kind
	}
	return bad
}

// fieldOf returns the type of the field that encoding/json fills from a name, which it compares without regard to case.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	for _, field := range reflect.VisibleFields(t) {
		known, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if known != "" && known != "-" && strings.EqualFold(known, name) {
			return field.Type, true
		}
	}
	return nil, false
}
