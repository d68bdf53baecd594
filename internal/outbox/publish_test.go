package outbox

import (
	"slices"
	"testing"

	"taskmaster/internal/postgres"
)

func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	size := func(bytes ...int) (lanes []lane) {
		for _, n := range bytes {
			lanes = append(lanes, lane{postgres.Outgoing{Raw: make([]byte, n)}, postgres.Outgoing{Raw: make([]byte, maxBytes)}})
		}
		return lanes
	}
	for _, c := range []struct {
		name  string
		lanes []lane
		want  []int
	}{
		{"one", size(10), []int{1}},
		{"as many as may be", size(make([]int, maxMessages)...), []int{maxMessages}},
		{"one more", size(make([]int, maxMessages+1)...), []int{maxMessages, 1}},
		{"as much as may be", size(maxBytes/2, maxBytes/2, 1), []int{2, 1}},
		{"one too large is alone", size(1, 2*maxBytes, 1, 1), []int{1, 1, 2}},
	} {
		var got []int
		for _, call := range divide(c.lanes) {
			got = append(got, len(call))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got calls of %v, want %v", c.name, got, c.want)
		}
	}
}
