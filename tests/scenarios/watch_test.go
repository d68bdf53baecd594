package scenarios

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// A command prints the events. It works the same on every broker.
func TestEventsAreWatched(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	created := u.create(fields{"title": "Pay rent"})
	u.complete(created.ID)

	var delivered []string
	for revision := range int64(2) {
		for _, topic := range []string{system.TopicTasks, system.TopicUpdates} {
			delivered = append(delivered, event(t, shared.observer, topic, u.ID, revision+1).ID)
		}
	}
	local, err := system.Supervisor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The event is delivered a moment before it is marked as published.
	var out bytes.Buffer
	err = system.Poll(within(t), func() error {
		var problems bytes.Buffer
		out.Reset()
		cmd := exec.CommandContext(t.Context(), local, "api", "-dir", shared.Dir, "events", "tail", "-since", "1h", "-user", u.Email)
		cmd.Stdout, cmd.Stderr = &out, &problems
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w: %s", err, problems.String())
		}
		if n := strings.Count(out.String(), "  published\n"); n != len(delivered) {
			return fmt.Errorf("%d events are published, want %d:\n%s", n, len(delivered), out.String())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); f[0] != "TIME" {
			printed = append(printed, f[6])
		}
	}
	slices.Sort(printed)
	slices.Sort(delivered)
	if !slices.Equal(printed, delivered) {
		t.Errorf("the command printed %v, and the broker delivered %v", printed, delivered)
	}
}
