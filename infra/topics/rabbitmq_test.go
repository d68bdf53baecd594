//go:build brokers

// This test needs rabbitmq-server on the machine and fails without: make test-servers.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/broker/rabbitmq"
	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/portblock"
	"taskmaster/internal/testkit"
)

// TestMain is also the server: RabbitMQ's package starts its program for that.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == rabbitmq.Command {
		fmt.Fprintln(os.Stderr, rabbitmq.Run(context.Background(), os.Args[2:], os.Getenv))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const administrator, password = "taskmaster", "the password"

// rabbitServer starts RabbitMQ with its management plugin, and returns the plugin's address.
func rabbitServer(t *testing.T) (address string) {
	t.Helper()
	ports, release, err := portblock.Take(t.Context(), "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "rabbitmq")
	b := rabbitmq.New(broker.Config{
		Getenv: func(string) string { return "" }, Dir: dir, Self: self, Ports: [3]int(ports), Password: password,
		Address: "127.0.0.1:" + strconv.Itoa(ports[0]), Env: []string{"PATH=" + os.Getenv("PATH")},
	})
	if err := b.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	edit := func(name string, change func(string) string) {
		t.Helper()
		file := filepath.Join(dir, name)
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, []byte(change(string(content))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	edit("enabled_plugins", func(string) string { return "[rabbitmq_management].\n" })
	edit("rabbitmq.conf", func(settings string) string {
		return settings + fmt.Sprintf("management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %d\n", ports[3])
	})
	edit("definitions.json", func(content string) string {
		var definitions map[string]any
		if err := json.Unmarshal([]byte(content), &definitions); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"exchanges", "queues", "bindings", "policies"} {
			definitions[kind] = []any{}
		}
		user, _ := definitions["users"].([]any)[0].(map[string]any)
		user["tags"] = []string{"administrator"}
		changed, err := json.Marshal(definitions)
		if err != nil {
			t.Fatal(err)
		}
		return string(changed)
	})
	program := b.Program()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program.Path, program.Args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay, cmd.SysProcAttr = program.Dir, program.Env, 20*time.Second, supervise.ChildAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	return "127.0.0.1:" + strconv.Itoa(ports[3])
}

// ask sends a request to the management plugin and decodes its answer.
func ask[T any](t *testing.T, method, url string) (answer T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(administrator, password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, res.Status)
	}
	if method == http.MethodGet {
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

// TestDefinitions imports the definitions into two virtual hosts of a new RabbitMQ.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	address := rabbitServer(t)
	env := map[string]string{"RABBITMQ_USERNAME": administrator, "RABBITMQ_PASSWORD": password}
	args := []string{"-kind", "rabbitmq", "-brokers", address, "-tls=false"}
	testkit.WithState(t, 5*time.Minute, func() (done bool, state string) { // the server starts; the machine may be busy
		out, status := runTopics(t, env, args...)
		return status == 0, out
	})
	if out, status := runTopics(t, env, args...); status != 0 || !strings.Contains(out, "queues: 3 are up to date\n") {
		t.Errorf("the second time: status %d and %s", status, out)
	}
	api := "http://" + address + "/api"
	ask[any](t, http.MethodPut, api+"/vhosts/other")
	if out, status := runTopics(t, env, append(args, "-vhost", "other")...); status != 0 {
		t.Errorf("another virtual host: status %d and %s", status, out)
	}
	type named []struct {
		Name, Source, Destination string
	}
	for _, vhost := range []string{"%2F", "other"} {
		var queues, policies, bindings []string
		for _, q := range ask[named](t, http.MethodGet, api+"/queues/"+vhost) {
			queues = append(queues, q.Name)
		}
		for _, p := range ask[named](t, http.MethodGet, api+"/policies/"+vhost) {
			policies = append(policies, p.Name)
		}
		for _, b := range ask[named](t, http.MethodGet, api+"/bindings/"+vhost) {
			if b.Source != "" { // not of the default exchange
				bindings = append(bindings, b.Source+" "+b.Destination)
			}
		}
		for _, list := range [][]string{queues, policies, bindings} {
			slices.Sort(list)
		}
		if want := []string{"api-dead-letters", "notifier-reminders", "recurring-task-events"}; !slices.Equal(queues, want) {
			t.Errorf("%s: queues %v, want %v", vhost, queues, want)
		}
		if want := []string{"taskmaster-live", "taskmaster-retention"}; !slices.Equal(policies, want) {
			t.Errorf("%s: policies %v, want %v", vhost, policies, want)
		}
		want := []string{"dead-letters api-dead-letters", "reminders notifier-reminders", "task-events recurring-task-events"}
		if !slices.Equal(bindings, want) {
			t.Errorf("%s: bindings %v, want %v", vhost, bindings, want)
		}
	}
	env["RABBITMQ_PASSWORD"] = "another"
	if out, status := runTopics(t, env, args...); status != 1 || !strings.Contains(out, "401") {
		t.Errorf("another password: status %d and %s", status, out)
	}
}
