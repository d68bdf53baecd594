package outbox

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// childDatabase names an environment variable. If it is set, this test binary runs a relay on that
// database. It writes each published event to standard output, one per line.
const childDatabase = "OUTBOX_TEST_DATABASE"

func publishAsChild(url string) int {
	ctx := context.Background()
	db, err := postgres.Open(ctx, url, 4)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	relay := New(Config{
		DB: db, Claims: 3, Log: slog.Default(), Now: time.Now, Metrics: prometheus.NewRegistry(),
		Publish: func(_ context.Context, _ string, messages []event.Message) error {
			for _, m := range messages {
				// One write keeps the line whole when the process is killed.
				if _, err := os.Stdout.Write(append(m.CloudEvent, '\n')); err != nil {
					return err
				}
			}
			return nil
		},
	})
	fmt.Fprintln(os.Stderr, relay.Run(ctx))
	return 1
}

// A relay that is killed repeatedly while it publishes loses no event and keeps the order.
func TestKilledRelayLosesNothing(t *testing.T) {
	t.Parallel()
	const users, changes, kills = 12, 60, 4
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	f := &fixture{db: db}
	for range users {
		f.users = append(f.users, postgrestest.NewUser(t, db, time.Now()))
	}
	for _, user := range f.users {
		f.change(t, user, changes)
	}

	var published []event.Event
	for range kills {
		// Each life publishes more than a batch and less than everything.
		published = append(published, publishAndKill(t, url, users*changes*2/(kills+2))...)
	}
	for f.pending(t) > 0 {
		published = append(published, publishAndKill(t, url, users*changes*2)...)
	}
	wantEach(t, published, f.users, changes, false)
	t.Logf("%d events were published %d times", users*changes*2, len(published))
}

// publishAndKill runs a relay in a process of its own and returns its published events. It kills
// the process after n events or when nothing is left.
func publishAndKill(t *testing.T, url string, n int) []event.Event {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDatabase+"="+url)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	idle := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer idle.Stop()
	var published []event.Event
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		e, err := event.Decode(lines.Bytes())
		if err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		if published = append(published, e); len(published) == n {
			cmd.Process.Kill()
		}
		idle.Reset(2 * time.Second)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the relay ended by itself")
	}
	return published
}
