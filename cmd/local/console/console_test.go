package console

import (
	"bytes"
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	c := New(&b, 9)
	api, live := c.Lines("api", nil), c.Lines("live", nil)
	for _, part := range []string{"one\ntw", "o\r\n", "\n", "three"} {
		api.Write([]byte(part))
	}
	live.Write([]byte("four\n"))
	want := "api       | one\napi       | two\nlive      | four\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := api.Last(); got != "two" {
		t.Errorf("the last line is %q", got)
	}

	// A line without end is shown in pieces rather than kept in memory.
	b.Reset()
	live.Write([]byte(strings.Repeat("x", 3*longestLine)))
	if got := strings.Count(b.String(), "\n"); got != 3 {
		t.Errorf("an endless line makes %d lines", got)
	}
}
