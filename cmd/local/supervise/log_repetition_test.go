package supervise

import (
	"testing"
	"time"
)

func TestRepetitions(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := NewRepetitions()
	r.now = func() time.Time { return now }
	for _, step := range []struct {
		after      time.Duration
		line, want string
	}{
		{0, "retrying 127.0.0.1:4222 in 568.49ms", "retrying 127.0.0.1:4222 in 568.49ms"},
		{1, "retrying 127.0.0.1:4223 in 1s", ""},
		{1, "another thing", "another thing"},
		{1, "retrying 127.0.0.1:4223 in 2s", ""},
		{repeatAfter, "retrying 127.0.0.1:4222 in 2s", "retrying 127.0.0.1:4222 in 2s (and 2 more like this)"},
		{repeatAfter, "retrying 127.0.0.1:4222 in 2s", "retrying 127.0.0.1:4222 in 2s"},
		{0, "", ""},
	} {
		now = now.Add(step.after)
		if got := r.Filter(step.line); got != step.want {
			t.Errorf("%q: got %q, want %q", step.line, got, step.want)
		}
	}
}
