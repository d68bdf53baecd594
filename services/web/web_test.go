package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"taskmaster/internal/server"
)

const deadline = 20 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// env is a running web service with a client.
type env struct {
	t      *testing.T
	url    string
	client *http.Client
	stop   func()
	// done receives the result of run.
	done <-chan error
}

// start runs web with the test's configuration. Upstreams that are not set refuse connections.
func start(t *testing.T, cfg config) *env {
	t.Helper()
	for _, urls := range []*[]string{&cfg.APIURLs, &cfg.LiveURLs} {
		if *urls == nil {
			*urls = []string{closedURL}
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		done <- run(ctx, cfg, ln, slog.New(slog.NewTextHandler(t.Output(), nil)))
		close(ended)
	}()
	transport := &http.Transport{ExpectContinueTimeout: deadline}
	t.Cleanup(func() { transport.CloseIdleConnections(); cancel(); <-ended })
	client := &http.Client{
		Transport: transport, Timeout: deadline,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &env{t, "http://" + ln.Addr().String(), client, cancel, done}
}

// closedURL is the URL of a port that refuses connections. Only an administrator could listen on
// it.
const closedURL = "http://127.0.0.1:1"

// upstream starts a server behind web.
func upstream(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// fakeID returns the id of an item of a fake API, by its name.
func fakeID(name string) string { return uuid.NewSHA1(uuid.Nil, []byte(name)).String() }

// named starts an upstream that answers with its name and the request's method, path, query and
// body.
func named(t *testing.T, name string) string {
	t.Helper()
	return upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(w, name, r.Method, r.URL.RequestURI(), string(body))
	})
}

// answer is a response of web.
type answer struct {
	status int
	header http.Header
	body   string
}

// code returns the code of a problem.
func (a answer) code() string {
	var p server.Problem
	if json.Unmarshal([]byte(a.body), &p) != nil || a.header.Get("Content-Type") != "application/problem+json" {
		return "no problem"
	}
	return string(p.Code)
}

// do sends a request. header holds pairs of name and value. The pair Host sets the host.
func (e *env) do(method, path string, body io.Reader, header ...string) answer {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.url+path, body)
	if err != nil {
		e.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Add(header[i], header[i+1])
		}
	}
	res, err := e.client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, strings.TrimSpace(string(got))}
}

func (e *env) wantStopped() {
	e.t.Helper()
	select {
	case err := <-e.done:
		if err != nil {
			e.t.Errorf("run returned %v, want nil", err)
		}
	case <-time.After(deadline):
		e.t.Fatal("run did not return")
	}
}
