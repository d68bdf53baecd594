package outbox

import (
	"slices"
	"testing"

	"taskmaster/internal/postgres"
)

func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	size := func(bytes ...int) (partitions []partition) {
		for _, n := range bytes {
			partitions = append(partitions, partition{postgres.Outgoing{Raw: make([]byte, n)}, postgres.Outgoing{Raw: make([]byte, maxBytes)}})
		}
		return partitions
	}
	for _, c := range []struct {
		name       string
		partitions []partition
		want       []int
	}{
		{"one", size(10), []int{1}},
		{"as many as may be", size(make([]int, maxMessages)...), []int{maxMessages}},
		{"one more", size(make([]int, maxMessages+1)...), []int{maxMessages, 1}},
		{"as much as may be", size(maxBytes/2, maxBytes/2, 1), []int{2, 1}},
		{"one too large is alone", size(1, 2*maxBytes, 1, 1), []int{1, 1, 2}},
	} {
		var got []int
		for _, call := range divide(c.partitions) {
			got = append(got, len(call))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got calls of %v, want %v", c.name, got, c.want)
		}
	}
}
