package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

const (
	appToken = "the sidecar's token"
	origin   = "https://tasks.example.com"
	deadline = 20 * time.Second
)

func TestMain(m *testing.M) {
	code := postgrestest.Main(m)
	err := goleak.Find()
	for begun := time.Now(); err != nil && code == 0 && time.Since(begun) < deadline; {
		err = goleak.Find() // goroutines may need longer to end on a busy machine than one call waits
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// env is a running live service.
type env struct {
	addr string
	stop func()
	// done receives the result of run.
	done <-chan error
}

func start(tb testing.TB, databaseURL string, change func(*config)) *env {
	tb.Helper()
	cfg := config{
		Common:      server.Common{AppAPIToken: appToken},
		DatabaseURL: databaseURL, DatabaseConns: 4, AllowedOrigins: []string{origin},
		MaxSockets: 100, MaxSocketsPerUser: 10, PingInterval: time.Hour, LookFor: time.Minute,
	}
	if change != nil {
		change(&cfg)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		done <- run(ctx, cfg, ln, slog.New(slog.NewTextHandler(tb.Output(), nil)))
		close(ended)
	}()
	tb.Cleanup(func() { cancel(); <-ended })
	return &env{ln.Addr().String(), cancel, done}
}

// setup creates a database with a person and starts the service on it.
func setup(tb testing.TB, change func(*config)) (*person, *env) {
	tb.Helper()
	url := postgrestest.URL(tb)
	db, err := postgres.Open(tb.Context(), url, 4)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	p := newPerson(tb, db)
	p.url = url
	return p, start(tb, url, change)
}

// person is a user with a session.
type person struct {
	t       testing.TB
	db      *postgres.DB
	url     string
	id      uuid.UUID
	session string
}

func newPerson(tb testing.TB, db *postgres.DB) *person {
	tb.Helper()
	p := &person{t: tb, db: db, id: uuid.Must(uuid.NewV7()), session: account.NewSession()}
	now := time.Now()
	p.inTx(func(tx pgx.Tx) error {
		u := postgres.User{ID: p.id, Email: p.id.String() + "@example.com", PasswordHash: "-", TimeZone: "UTC", CreatedAt: now}
		if err := postgres.InsertUser(tb.Context(), tx, u); err != nil {
			return err
		}
		return postgres.InsertSession(tb.Context(), tx, postgres.Session{
			ID: uuid.New(), TokenHash: account.Hash(p.session), UserID: p.id, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		})
	})
	return p
}

func (p *person) inTx(f func(tx pgx.Tx) error) {
	p.t.Helper()
	postgrestest.InTx(p.t, p.db, f)
}

// change commits n changes and returns their events without publishing them.
func (p *person) change(n int) []event.Event {
	p.t.Helper()
	return p.changeTo(n, func(*event.Event) {})
}

// changeTo is change with a function that edits the events.
func (p *person) changeTo(n int, edit func(*event.Event)) []event.Event {
	p.t.Helper()
	events := make([]event.Event, n)
	for i := range events {
		p.inTx(func(tx pgx.Tx) error {
			revision, err := postgres.NextRevision(p.t.Context(), tx, p.id)
			if err != nil {
				return err
			}
			changed := task.Task{ID: uuid.Must(uuid.NewV7()), Title: fmt.Sprint("change ", revision), Revision: revision}
			changed.Normalize()
			events[i] = event.New(event.TaskChanged, p.id, changed, time.Now())
			edit(&events[i])
			return postgres.AppendEvents(p.t.Context(), tx, events[i])
		})
	}
	return events
}

// forget removes all changes so far from the outbox.
func (p *person) forget() {
	p.t.Helper()
	p.inTx(func(tx pgx.Tx) error {
		if _, err := tx.Exec(p.t.Context(), `UPDATE outbox SET published_at = created_at`); err != nil {
			return err
		}
		_, err := postgres.PurgeOutbox(p.t.Context(), tx, time.Now().Add(time.Hour), 1000)
		return err
	})
}

// publish delivers events to a service like its sidecar.
func publish(tb testing.TB, to *env, events ...event.Event) {
	tb.Helper()
	for _, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			tb.Fatal(err)
		}
		if got, want := post(tb, to, appToken, body), `200 {"status":"SUCCESS"}`; got != want {
			tb.Fatalf("event answered %s, want %s", got, want)
		}
	}
}

func post(tb testing.TB, to *env, token string, body []byte) string {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, "http://"+to.addr+"/events/task-updates", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Dapr-Api-Token", token)
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, bytes.TrimSpace(answer))
}

// client is a WebSocket connection to a service.
type client struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial connects like a person's browser. The query is "" or "?since=41".
func dial(tb testing.TB, to *env, p *person, query string) *client {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), deadline)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, "ws://"+to.addr+"/live"+query, &websocket.DialOptions{HTTPHeader: http.Header{
		"Cookie": {account.CookieName + "=" + p.session}, "Origin": {origin},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	if res.Body != nil {
		res.Body.Close()
	}
	conn.SetReadLimit(1 << 20)
	tb.Cleanup(func() { conn.CloseNow() })
	return &client{tb, conn}
}

// next returns the next message other than a heartbeat.
func (c *client) next() (message, error) {
	for {
		m, err := c.read()
		if err != nil || m.Type != typeHeartbeat {
			return m, err
		}
	}
}

// read returns the next message.
func (c *client) read() (message, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), deadline)
	defer cancel()
	_, body, err := c.conn.Read(ctx)
	if err != nil {
		return message{}, err
	}
	var m message
	return m, json.Unmarshal(body, &m)
}

// want reads messages and fails the test unless they are the given ones, each in the form "<type>
// <revision>".
func (c *client) want(messages ...string) {
	c.t.Helper()
	for _, want := range messages {
		m, err := c.next()
		if err != nil {
			c.t.Fatalf("got %v, want %s", err, want)
		}
		if got := fmt.Sprint(m.Type, " ", m.Revision); got != want {
			c.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// wantChanges expects the changes from one revision to another.
func (c *client) wantChanges(from, to int) {
	c.t.Helper()
	for revision := from; revision <= to; revision++ {
		c.want(fmt.Sprint("task.changed ", revision))
	}
}

// wantClosed fails the test unless the server closes the connection with a code. It returns the
// reason.
func (c *client) wantClosed(code websocket.StatusCode) string {
	c.t.Helper()
	m, err := c.next()
	if err == nil {
		c.t.Fatalf("got %s %d, want the connection closed", m.Type, m.Revision)
	}
	closed, _ := errors.AsType[websocket.CloseError](err)
	if closed.Code != code {
		c.t.Errorf("closed with %v, want %v", err, code)
	}
	return closed.Reason
}
