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

// mismatches returns the values in body that fit no time.Time or UUID of v. encoding/json lets
// these types decode themselves. Their errors do not name the field and use a library's words, and
// time.Time accepts more than RFC 3339.
func mismatches(body []byte, v any) []task.FieldError {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil // the decoder reports the error
	}
	return mismatchesIn(value, reflect.TypeOf(v), "")
}

func mismatchesIn(value any, t reflect.Type, path string) []task.FieldError {
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
				bad = append(bad, mismatchesIn(object[name], field, strings.TrimPrefix(path+"."+name, "."))...)
			}
		}
	case reflect.Slice:
		list, _ := value.([]any)
		for i, element := range list {
			bad = append(bad, mismatchesIn(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i))...)
		}
	default: // the decoder refuses a scalar of another kind
	}
	return bad
}

// fieldOf returns the type of the field that encoding/json fills from a name. The comparison
// ignores case.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	for _, field := range reflect.VisibleFields(t) {
		known, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if known != "" && known != "-" && strings.EqualFold(known, name) {
			return field.Type, true
		}
	}
	return nil, false
}
