package server

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// allocated returns the bytes that f allocates. The test must not be parallel.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestHostileJSON decodes bodies that would take many times their size. Each is refused with few
// errors and little memory.
func TestHostileJSON(t *testing.T) { //nolint:paralleltest // measures the memory of the process
	type input struct {
		Times []time.Time       `json:"times"`
		Named map[string]int    `json:"named"`
		Lists []struct{ X int } `json:"lists"`
	}
	members := func(n int) string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf(`"k%d":1`, i)
		}
		return strings.Join(names, ",")
	}
	tests := []struct{ name, body, field, message string }{
		{"a million empty elements", `{"lists": [{}` + strings.Repeat(",{}", 1_000_000) + `]}`, "lists", "has more than 1000 entries"},
		{"a million bad instants", `{"times": [5` + strings.Repeat(",5", 1_000_000) + `]}`, "times[0]", "is not an RFC 3339"},
		{"many unknown fields", `{` + members(800_000) + `}`, "k0", "is not a known field"},
		{"many members", `{"named": {` + members(800_000) + `}}`, "named", "has more than 100 fields"},
		{"deep nesting", `{"lists": ` + strings.Repeat("[", 1_000_000) + `}`, "lists" + strings.Repeat("[0]", MaxDepth-1), "is nested more than 16 deep"},
		{"a long name", `{"` + strings.Repeat("k", 10_000_000) + `": 1}`, strings.Repeat("k", 500) + "…", "is not a known field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { //nolint:paralleltest // as above
			var err error
			used := allocated(func() { err = DecodeJSON([]byte(tt.body), new(input)) })
			invalid, ok := errors.AsType[*task.Error](err)
			if !ok {
				t.Fatalf("got %v, want code invalid", err)
			}
			if got := invalid.Fields[0]; got.Field != tt.field || !strings.HasPrefix(got.Message, tt.message) {
				t.Errorf("got %.200q: %s, want %.200q: %s", got.Field, got.Message, tt.field, tt.message)
			}
			if got := len(invalid.Fields); got > task.MaxFieldErrors {
				t.Errorf("got %d errors, want at most %d", got, task.MaxFieldErrors)
			}
			if got := len(invalid.Error()); got > 20_000 {
				t.Errorf("the message has %d bytes", got)
			}
			// The body is copied once, and a long name a few times.
			if most := 8*len(tt.body) + 1<<20; used > most {
				t.Errorf("decoding %d bytes took %d bytes of memory, want at most %d", len(tt.body), used, most)
			}
		})
	}
}
