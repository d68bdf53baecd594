package main

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"taskmaster/internal/account"
)

// stalledBody is a body that begins and then sends nothing until it is closed.
type stalledBody struct {
	first  io.Reader
	begun  chan<- struct{}
	closed <-chan struct{}
}

func (b stalledBody) Read(p []byte) (int, error) {
	if n, err := b.first.Read(p); err == nil {
		return n, nil
	}
	b.begun <- struct{}{}
	<-b.closed
	return 0, io.ErrUnexpectedEOF
}

func (stalledBody) Close() error { return nil }

// TestStalledImports begins more uploads than all places together. They block the import of nobody but
// their own account.
func TestStalledImports(t *testing.T) {
	t.Parallel()
	const stalled = 12
	a := newTestAPI(t)
	begun, closed := make(chan struct{}), make(chan struct{})
	var uploads sync.WaitGroup
	defer uploads.Wait()
	end := sync.OnceFunc(func() { close(closed) })
	defer end()
	var people []person
	for range stalled {
		p := a.newPerson(t)
		people = append(people, p)
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/import", stalledBody{strings.NewReader(`{"version": 1,`), begun, closed})
		session(p.Secret)(r)
		uploads.Go(func() { a.service.handler().ServeHTTP(httptest.NewRecorder(), r) })
		<-begun
	}
	file := `{"version": 1, "tasks": [{"title": "Buy milk"}]}`
	a.newPerson(t).send(t, "POST", "/api/v1/import", file).want(t, 200)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if a.imports.users.Acquire(over, people[0].ID) == nil {
		t.Error("an account may have two imports at once")
	}
	end()
	uploads.Wait()
	if !a.imports.uploads.TryAcquire(maxUploads) {
		t.Error("imports that have ended keep their room")
	}
	a.imports.uploads.Release(maxUploads)
	people[0].send(t, "POST", "/api/v1/import", file).want(t, 200)
}

// TestStalledImportEnds stops in the middle of a body. The request is refused, although the client
// keeps its connection open.
func TestStalledImportEnds(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	a.imports.stall = time.Millisecond
	s := httptest.NewServer(a.service.handler())
	defer s.Close()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, err = io.WriteString(connection, "POST /api/v1/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nCookie: "+
		account.CookieName+"="+p.Secret+"\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("HTTP/1.1 400"))
	if _, err := io.ReadFull(connection, answer); err != nil || string(answer) != "HTTP/1.1 400" {
		t.Errorf("got %q, %v; want status 400", answer, err)
	}
}
