package supervise

import (
	"testing"
	"time"
)

func TestOutage(t *testing.T) {
	t.Parallel()
	start := time.Now()
	o := NewOutage(time.Minute)
	for _, step := range []struct {
		at      time.Duration
		reached bool
		want    bool
	}{
		{0, true, false}, {10 * time.Second, false, false}, {50 * time.Second, true, false},
		{60 * time.Second, false, false}, {110 * time.Second, false, false}, {121 * time.Second, true, true},
		{122 * time.Second, true, false},
	} {
		if got := o.Observe(step.reached, start.Add(step.at)); got != step.want {
			t.Errorf("after %v: got %t", step.at, got)
		}
	}
}
