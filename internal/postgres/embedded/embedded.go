// Package embedded starts a PostgreSQL server for tests and for running the whole system on one
// machine.
//
// It uses the programs on the machine, or downloads them once. A server listens only on 127.0.0.1,
// requires a generated password, and keeps its data between runs. It never outlives the process
// that started it, on Linux even if that process is killed.
//
//	Dir/password   the superuser's password, readable only by the owner
//	Dir/data       PostgreSQL's data directory
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "taskmaster"
	database  = "taskmaster"

	startTimeout   = 60 * time.Second // including the recovery after a crash
	attemptTimeout = 10 * time.Second // to connect once and create the database
	stopTimeout    = 15 * time.Second
	freePorts      = 5 // number of attempts with a free port
)

// Config configures a server.
type Config struct {
	// Dir is the folder of everything that the server keeps. It is created if missing. Two servers
	// cannot share it.
	Dir string

	// Port is the port on 127.0.0.1. 0 selects a free one.
	Port int

	// Log receives the server's log, line by line. Nil discards it.
	Log io.Writer

	// Unsafe trades durability for speed. Data survives the death of the server, but not the death
	// of the machine.
	Unsafe bool
}

// Server is a running PostgreSQL server.
type Server struct {
	process  *process
	port     int
	password string
}

// Start starts a server. It returns when the server accepts connections and the database
// "taskmaster" exists. It creates the data directory on first use. It recovers a server that ended
// without cleaning up, for example by kill -9.
//
// The context bounds only the start. The server runs until Stop, or until this process ends.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	cfg.Dir = dir
	cfg.Log = cmp.Or(cfg.Log, io.Discard)

	s, err := start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start postgres in %s: %w", cfg.Dir, err)
	}
	return s, nil
}

func start(ctx context.Context, cfg Config) (*Server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	bin, err := binaries(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := cluster{bin: bin, dir: cfg.Dir, log: cfg.Log, unsafe: cfg.Unsafe}
	// This comes first, because choosing an account gives it the files, and a running server may
	// belong to another account.
	if err := c.clearStalePID(ctx); err != nil {
		return nil, err
	}
	if c.as, err = chooseAccount(ctx, bin, cfg.Dir); err != nil {
		return nil, err
	}
	password, err := c.init(ctx)
	if err != nil {
		return nil, err
	}
	return c.serve(ctx, cfg.Port, password)
}

// serve starts the server on a port (0 selects a free one) and waits until it is ready.
func (c cluster) serve(ctx context.Context, port int, password string) (s *Server, err error) {
	// Another process can take a free port before the server does.
	attempts := 1
	if port == 0 {
		attempts = freePorts
	}
	for range attempts {
		s, err = c.serveOnce(ctx, port, password)
		if err == nil || !errors.Is(err, errExited) {
			break
		}
	}
	return s, err
}

func (c cluster) serveOnce(ctx context.Context, port int, password string) (*Server, error) {
	port, err := listenable(ctx, port)
	if err != nil {
		return nil, err
	}
	p, err := c.postgres(port) //nolint:contextcheck // It runs longer than its start.
	if err != nil {
		return nil, err
	}
	s := &Server{process: p, port: port, password: password}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// URL returns the address of the database "taskmaster" with the superuser's name and password.
func (s *Server) URL() string { return s.url(database) }

func (s *Server) url(name string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     name,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// PID returns the process ID of the server.
func (s *Server) PID() int { return s.process.pid }

// Done returns a channel that is closed when the server has ended for any reason.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// LastLog returns the last line of the server's log about a fatal error, or else the last line.
func (s *Server) LastLog() string { return s.process.log.last() }

// Stop ends the server: it closes connections, rolls back transactions and writes the data. It
// returns when the server has ended. It does nothing if the server had ended before.
func (s *Server) Stop() error {
	return s.process.stop(stopTimeout)
}

// ready waits until the server accepts connections, and creates the database if it is missing.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.createDatabase(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("%w: %s", errExited, s.LastLog())
		case <-ctx.Done():
			return fmt.Errorf("wait for connections: %w (last error: %w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func (s *Server) createDatabase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))

	var exists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{database}.Sanitize())
	return err
}

// listenable returns the port if it is free. For 0 it returns a free port.
func listenable(ctx context.Context, port int) (int, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, fmt.Errorf("port %d cannot be used: %w", port, err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}
