//go:build alerts

package alerts

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"taskmaster/infra/dashboards"
	"taskmaster/internal/testkit"
	"taskmaster/tests/system"
)

// limit bounds the time until every panel shows something. A busy machine needs minutes.
const limit = 8 * time.Minute

type object = map[string]any

// TestEveryPanelShowsSomething uses a whole system a little, lets a Prometheus scrape it, and runs the query of every
// panel. Then it breaks the system, and the alerts fire.
func TestEveryPanelShowsSomething(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	hooks := system.ReceiveWebhooks()
	t.Cleanup(hooks.Close)
	metrics := freeAddress(t)
	s, err := system.Start(ctx, system.Config{Dir: filepath.Join(t.TempDir(), "system"), Env: map[string]string{
		"METRICS_ADDR": metrics, "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	prometheus := scrapeSystem(t, s, metrics)
	person, err := s.SignUp(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hooks.Channel(ctx, person); err != nil {
		t.Fatal(err)
	}
	socket, err := person.Watch(ctx, s.URL, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Close)

	// A rate needs two scrapes after the first of its events, so that the work goes on.
	for {
		if err := work(ctx, person); err != nil {
			t.Fatal(err)
		}
		missing, err := withoutData(ctx, prometheus)
		if err == nil && missing == "" {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("panels without data: %v\n%s", err, missing)
		case <-s.Done():
			t.Fatalf("the system ended:\n%s", s.Tail(30))
		case <-time.After(2 * time.Second):
		}
	}
	checkStatus(ctx, t, s, person)
	checkAlerts(ctx, t, s, person, prometheus)
}

// checkStatus makes a person an administrator, whose page /status shows every replica with its sidecar.
func checkStatus(ctx context.Context, t *testing.T, s *system.System, p *system.Person) {
	t.Helper()
	if body, err := p.Page(ctx, "/status"); err == nil {
		t.Errorf("a person who is no administrator sees the state of the system:\n%s", body)
	}
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, filepath.Join(root, ".local", "bin", "api"), "users", "admin", p.Email)
	command.Env = append(os.Environ(), "DATABASE_URL="+state.DatabaseURL)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make an administrator: %v\n%s", err, output)
	}
	body, err := p.Page(ctx, "/status")
	if err != nil {
		t.Fatal(err)
	}
	// api, live and assistant have sidecars. web has none.
	if up, ready := strings.Count(body, "Sidecar up"), strings.Count(body, `<span class="badge">ready</span>`); up != 3 || ready != 4 {
		t.Errorf("%d replicas are ready and %d sidecars up, want 4 and 3:\n%s", ready, up, body)
	}
}

// work makes a task with a reminder that is due at once, completes a recurring one, and asks the assistant.
func work(ctx context.Context, p *system.Person) error {
	var once, daily system.Task
	err := errors.Join(
		p.Do(ctx, http.MethodPost, "/tasks", object{"title": "Call", "due_at": "2030-01-01T09:00:00Z", "reminders": []object{{"at": time.Now().Add(time.Second)}}}, &once),
		p.Do(ctx, http.MethodPost, "/tasks", object{"title": "Water", "due_at": "2030-01-01T09:00:00Z", "recurrence": object{"rrule": "daily"}}, &daily),
	)
	if err != nil {
		return fmt.Errorf("create tasks: %w", err)
	}
	if err := p.Do(ctx, http.MethodPost, "/tasks/"+daily.ID+"/complete", nil, nil); err != nil {
		return fmt.Errorf("complete task: %w", err)
	}
	if _, err := p.Say(ctx, rand.Text(), "What is due today?"); err != nil {
		return fmt.Errorf("ask the assistant: %w", err)
	}
	return nil
}

// withoutData returns the panels whose query returns nothing.
func withoutData(ctx context.Context, prometheus string) (string, error) {
	var missing []string
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			query := strings.ReplaceAll(p.Query, "$namespace", ".*")
			var found struct {
				Error string
				Data  struct{ Result []struct{ Value [2]any } }
			}
			if err := ask(ctx, prometheus, "/api/v1/query?query="+url.QueryEscape(query), &found); err != nil {
				return "", err
			}
			shows := false
			for _, series := range found.Data.Result {
				shows = shows || series.Value[1] != "NaN"
			}
			if !shows {
				missing = append(missing, fmt.Sprintf("%s, %s: %s %s", d.Title, p.Title, query, found.Error))
			}
		}
	}
	return strings.Join(missing, "\n"), nil
}

// scrapeSystem starts a Prometheus that scrapes all services of a system, and returns its address.
func scrapeSystem(t *testing.T, s *system.System, metricsOfWeb string) string {
	t.Helper()
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	var jobs []object
	for _, p := range state.Processes {
		if p.Role != system.RoleService {
			continue
		}
		address := p.Address
		if p.Name == "web" {
			address = metricsOfWeb
		}
		jobs = append(jobs, object{"job_name": p.Name, "static_configs": []object{{
			"targets": []string{address}, "labels": object{"namespace": "taskmaster", "pod": fmt.Sprintf("%s-%d", p.Name, p.Replica), "container": p.Name},
		}}})
	}
	config, err := yaml.Marshal(object{"global": object{"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": []string{absolute(t, rules)}, "scrape_configs": jobs})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, address := filepath.Join(dir, "prometheus.yml"), freeAddress(t)
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	program.Stdout, program.Stderr = os.Stderr, os.Stderr
	program.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Signal(syscall.SIGTERM)
		_ = program.Wait() // it tells the signal
	})
	return "http://" + address
}

// freeAddress returns an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
}

// ask decodes the answer of Prometheus to a path.
func ask(ctx context.Context, prometheus, path string, to any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, prometheus+path, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return errors.Join(json.NewDecoder(answer.Body).Decode(to), answer.Body.Close())
}
