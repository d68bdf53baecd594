package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// TestRunWithoutSidecar runs api without a sidecar. Requests work, and events wait for publication.
func TestRunWithoutSidecar(t *testing.T) {
	t.Parallel()
	const port = "1" // no program listens on it
	env := map[string]string{
		"DATABASE_URL": postgrestest.URL(t), "DATABASE_CONNS": "4", "RELAY_CONNS": "4", "COOKIE_SECURE": "false",
		"APP_API_TOKEN": "of the sidecar", "DAPR_GRPC_PORT": port, "DAPR_HTTP_PORT": port,
	}
	cfg, err := loadConfig(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, cfg, ln, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})))
	}()

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	send := func(method, path, body string, want int) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+ln.Addr().String()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Fatalf("%s %s: got status %d, want %d: %s", method, path, resp.StatusCode, want, got)
		}
		return string(bytes.TrimSpace(got))
	}
	send("GET", "/readyz", "", 200)
	send("POST", "/api/v1/signup", `{"email": "person@example.com", "password": "`+testPassword+`"}`, 201)
	send("POST", "/api/v1/tasks", `{"title": "dentist", "due_at": "2099-01-01T00:00:00Z"}`, 201)
	// The relay first waits for the sidecar.
	testkit.Within(t, sidecarStart+30*time.Second, "the metrics count publish failures and the lag", func() bool {
		metrics := send("GET", "/metrics", "", 200)
		return strings.Contains(metrics, `taskmaster_outbox_publish_failures_total{topic="task-events"}`) &&
			!strings.Contains(metrics, "\ntaskmaster_outbox_lag_seconds 0\n")
	})
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run returned %v, want context.Canceled", err)
	}
}

func TestRunRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), config{DatabaseURL: postgrestest.NewerURL(t), DatabaseConns: 2}, nil, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "the database is of a newer version of TaskMaster") {
		t.Errorf("got error %v, want one that names a newer version", err)
	}
}
