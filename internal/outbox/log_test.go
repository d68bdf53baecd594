package outbox

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/testkit"
)

// TestPublishedEventsAreLogged finds one line for each event at level debug, with its ids and without
// its content.
func TestPublishedEventsAreLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	var log testkit.LogBuffer
	r := New(Config{
		DB: f.db, Publish: f.publish, Claims: relayClaims, Now: time.Now, Metrics: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	start(t, r)
	f.change(t, f.users[0], 3)
	f.change(t, f.users[1], 1)
	f.awaitNothingPending(t)
	for _, e := range f.events() {
		var lines []string
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, " id="+e.ID.String()) {
				lines = append(lines, line)
			}
		}
		if len(lines) != 1 {
			t.Errorf("event %s has the lines %q, want one", e.ID, lines)
			continue
		}
		for _, want := range []string{
			`level=DEBUG msg="event published"`, "type=" + e.Type, "task_id=" + e.Data.TaskID.String(), "user_id=" + e.Data.UserID.String(),
		} {
			if !strings.Contains(lines[0], want) {
				t.Errorf("%q lacks %s", lines[0], want)
			}
		}
	}
	if strings.Contains(log.String(), "rent") {
		t.Errorf("the log has the title of a task: %s", log.String())
	}
}
