package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

// stress is a whole core: two replicas of api on one database, with an unreliable sidecar.
type stress struct {
	env      map[string]string
	db       *postgres.DB
	dapr     *unreliableDapr
	log      *tailLog
	client   *http.Client
	seed     uint64
	password string // a cheap hash of testPassword

	replicas [2]*replica
	// titles counts the tasks that were created, so that each has a title of its own.
	titles atomic.Int64

	mu sync.Mutex
	// users are the people who change tasks; a deleted one makes room for another.
	users []*stressUser
	// addresses are those of the replicas that run.
	addresses map[*replica]string
	// promised are the changes that api confirmed.
	promised []promise
}

type replica struct{ stop func() }

// stressUser is a person and the tasks that they may have.
type stressUser struct {
	id    uuid.UUID
	token string

	mu    sync.Mutex
	tasks []uuid.UUID
}

// promise is a change that api confirmed.
type promise struct {
	user, task uuid.UUID
	revision   int64
	// title is that of a created task, which there is once.
	title string
}

func newStress(t *testing.T, seed uint64) *stress {
	t.Helper()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 6)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s := &stress{
		db: db, seed: seed, dapr: newUnreliableDapr(t, seed), log: newTailLog(t),
		client:    &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		addresses: map[*replica]string{},
	}
	t.Cleanup(s.client.CloseIdleConnections)
	s.dapr.callback = s.callJob
	port := fmt.Sprint(s.dapr.port)
	s.env = map[string]string{
		"DATABASE_URL": url, "DATABASE_CONNS": "8", "RELAY_CONNS": "10", "COOKIE_SECURE": "false",
		"APP_API_TOKEN": "of the sidecar", "DAPR_GRPC_PORT": port, "DAPR_HTTP_PORT": port,
		"RATE_PER_MINUTE": "0", "LOGIN_PER_MINUTE": "10000", "REMINDER_VERIFY_INTERVAL": "1s",
	}
	s.password, err = newHasher(argonCost{memory: 64, time: 1, threads: 1}).hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	s.keepBook(t)
	for i := range s.replicas {
		s.start(t, i)
	}
	return s
}

// start runs a replica and returns when it is ready.
func (s *stress) start(t *testing.T, i int) {
	t.Helper()
	cfg, err := loadConfig(func(name string) string { return s.env[name] })
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(s.log, nil)).With("replica", i)
	go func() { done <- run(ctx, cfg, ln, log) }()
	r := &replica{}
	r.stop = sync.OnceFunc(func() {
		s.mu.Lock()
		delete(s.addresses, r)
		s.mu.Unlock()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run returned %v, want context.Canceled", err)
		}
	})
	t.Cleanup(r.stop)
	s.replicas[i] = r
	testkit.Eventually(t, "a replica is ready", func() bool {
		status, _, err := s.send(t.Context(), "GET", "http://"+ln.Addr().String()+"/readyz", nil)
		return err == nil && status == http.StatusOK
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses[r] = "http://" + ln.Addr().String()
}

// address returns that of any replica, or "" when none runs.
func (s *stress) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.addresses {
		return a // maps are iterated in any order
	}
	return ""
}

// send sends a request and returns the answer's status and body.
func (s *stress) send(ctx context.Context, method, url string, body any, header ...string) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	return answer.StatusCode, raw, err
}

// callJob calls a job back on any replica.
func (s *stress) callJob(ctx context.Context, name string) int {
	code, _, err := s.send(ctx, "POST", s.address()+"/job/"+name, nil, "Dapr-Api-Token", s.env["APP_API_TOKEN"])
	if err != nil {
		return 0
	}
	return code
}

// do sends a user's request to any replica. It returns status 0 when there is no answer.
func (s *stress) do(ctx context.Context, u *stressUser, method, path string, body any, header ...string) (int, []byte) {
	code, answer, err := s.send(ctx, method, s.address()+"/api/v1"+path, body, append(header, "Authorization", "Bearer "+u.token)...)
	if err != nil {
		return 0, nil
	}
	return code, answer
}

// newUser stores a user with a token. A sign-up would take longer than all that the user does.
func (s *stress) newUser(ctx context.Context) (*stressUser, error) {
	u := &stressUser{id: uuid.Must(uuid.NewV7()), token: account.NewToken()}
	now := time.Now()
	return u, s.db.InTx(ctx, func(tx pgx.Tx) error {
		err := postgres.InsertUser(ctx, tx, postgres.User{
			ID: u.id, Email: u.id.String() + "@example.com", PasswordHash: s.password, TimeZone: "UTC", CreatedAt: now,
		})
		if err != nil {
			return err
		}
		token := postgres.Token{ID: uuid.Must(uuid.NewV7()), UserID: u.id, Name: "test", Scopes: account.Scopes(), CreatedAt: now}
		return postgres.InsertToken(ctx, tx, token, account.Hash(u.token))
	})
}

// addUser stores a user who changes tasks.
func (s *stress) addUser(t *testing.T) *stressUser {
	var u *stressUser
	retry(t, "store a user", func() bool { // a connection may be broken on purpose
		var err error
		u, err = s.newUser(context.WithoutCancel(t.Context()))
		return err == nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = append(s.users, u)
	return u
}

// retry calls do until it succeeds. It fails the test when it does not for long.
func retry(t *testing.T, name string, do func() bool) {
	for deadline := time.Now().Add(time.Minute); !do(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%s: still fails after a minute", name)
			return
		}
	}
}

// someUser returns a user who changes tasks.
func (s *stress) someUser(r *rand.Rand) *stressUser {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[r.IntN(len(s.users))]
}

// dismiss takes a user from those who change tasks. It returns false when somebody else did.
func (s *stress) dismiss(u *stressUser) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.users {
		if other == u {
			s.users = append(s.users[:i:i], s.users[i+1:]...)
			return true
		}
	}
	return false
}

func (s *stress) keepPromise(p promise) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.promised = append(s.promised, p)
}

// confirmed notes the task of an answer and the revision at which it changed.
func (s *stress) confirmed(t *testing.T, u *stressUser, answer []byte, title string) task.Task {
	var got task.Task
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Errorf("read task: %v: %s", err, answer)
	}
	s.keepPromise(promise{u.id, got.ID, got.Revision, title})
	return got
}

// some returns one of the user's tasks.
func (u *stressUser) some(r *rand.Rand) (id uuid.UUID, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.tasks) == 0 {
		return uuid.Nil, false
	}
	return u.tasks[r.IntN(len(u.tasks))], true
}

// add makes a task one of those that the user changes. Only the latest are changed.
func (u *stressUser) add(id uuid.UUID) {
	const changed = 12
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tasks = append(u.tasks, id)
	u.tasks = u.tasks[max(0, len(u.tasks)-changed):]
}

// tailLog keeps the end of the replicas' logs, and shows it when the test fails. It leaves out the
// lines of the reminders that are stuck on purpose.
type tailLog struct {
	mu  sync.Mutex
	end []byte
}

func newTailLog(t *testing.T) *tailLog {
	l := &tailLog{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the replicas' logs:\n%s", l.end)
		}
	})
	return l
}

func (l *tailLog) Write(p []byte) (int, error) {
	const kept = 16 << 10
	if bytes.Contains(p, []byte("read tasks: can't scan")) {
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = append(l.end, p...)
	l.end = l.end[max(0, len(l.end)-kept):]
	return len(p), nil
}
