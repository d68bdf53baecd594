//go:build alerts

package alerts

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// outage is longer than the minute after which events are old and reminders late.
const outage = 65 * time.Second

// visitors are the requests at a time while api is away.
const visitors = 20

// checkAlerts makes alerts fire by their real causes: a poisoned event, a broker and an api that hang. Before that, none
// fires.
func checkAlerts(ctx context.Context, t *testing.T, s *system.System, p *system.Person, prometheus string) {
	t.Helper()
	if got, err := firing(ctx, prometheus); err != nil || len(got) > 0 {
		t.Fatalf("alerts of a healthy system: %v, %v", got, err)
	}
	if err := s.Publish(ctx, system.TopicTasks, p.ID, []byte("no event")); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, prometheus, "TaskMasterDeadLetters")

	goOn, err := s.Pause(system.RoleBroker, system.RoleBroker, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := goOn(); err != nil {
			t.Error(err)
		}
	})
	err = p.Do(ctx, http.MethodPost, "/tasks", object{"title": "Late", "due_at": "2030-01-01T09:00:00Z", "reminders": []object{{"at": time.Now().Add(5 * time.Second)}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	resume, err := s.Pause(system.RoleService, "api", 1)
	if err != nil {
		t.Fatal(err)
	}
	knock(ctx, p, time.Now().Add(outage))
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	// The broker still hangs.
	await(ctx, t, prometheus, "TaskMasterDeadLetters", "TaskMasterErrorsFast", "TaskMasterErrorsSlow", "TaskMasterOutboxOld", "TaskMasterReminderLate")
}

// knock opens pages until an instant. They fail while api is away.
func knock(ctx context.Context, p *system.Person, until time.Time) {
	var wait sync.WaitGroup
	for range visitors {
		wait.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				_, _ = p.Page(ctx, "/today") // Prometheus counts the failures
			}
		})
	}
	wait.Wait()
}

// await waits until exactly these alerts fire.
func await(ctx context.Context, t *testing.T, prometheus string, want ...string) {
	t.Helper()
	err := system.Poll(ctx, func() error {
		got, err := firing(ctx, prometheus)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("the alerts %v fire, want %v", got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// firing returns the names of the alerts that fire, in order.
func firing(ctx context.Context, prometheus string) (names []string, err error) {
	var found struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels struct{ Alertname string }
			}
		}
	}
	if err := ask(ctx, prometheus, "/api/v1/alerts", &found); err != nil {
		return nil, err
	}
	for _, a := range found.Data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels.Alertname)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// absolute returns the absolute path of a file.
func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
