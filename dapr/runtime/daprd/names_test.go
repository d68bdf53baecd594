package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dapr/components-contrib/nameresolution"
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/kit/logger"
	_ "modernc.org/sqlite"
)

// testRegistrar returns a registrar on SQLite, and the errors with which it would end the process.
func testRegistrar(t *testing.T, limit time.Duration) (r *registrar, fatal *[]string) {
	t.Helper()
	log := logger.NewLogger("test")
	log.SetOutput(io.Discard)
	fatal = new([]string)
	return &registrar{create: sqlite.NewResolver, log: log, limit: limit, fatal: func(format string, args ...any) {
		*fatal = append(*fatal, fmt.Sprintf(format, args...))
	}}, fatal
}

func sidecarOf(app string, port int, file string) nameresolution.Metadata {
	return nameresolution.Metadata{
		Instance: nameresolution.Instance{AppID: app, Address: "127.0.0.1", DaprInternalPort: port},
		Configuration: map[string]any{
			"connectionString": file, "updateInterval": "15s", "cleanupInterval": "0s",
		},
	}
}

// holdLock holds an exclusive lock of the file until the returned function is called.
func holdLock(t *testing.T, file string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "CREATE TABLE held (x); BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		conn.Close()
		db.Close()
	}
}

// The lock outlives the component's timeout of 1 s, as on a busy machine.
func TestRegistrationOutlivesALockedFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "names.db")
	release := holdLock(t, file)
	r, fatal := testRegistrar(t, registrationTime)
	failed := make(chan struct{})
	r.create = func(log logger.Logger) nameresolution.Resolver {
		return &onError{Resolver: sqlite.NewResolver(log), failed: failed}
	}
	done := make(chan error, 1)
	go func() { done <- r.Init(t.Context(), sidecarOf("api", 3500, file)) }()
	select {
	case <-failed:
	case err := <-done:
		t.Fatalf("registered (%v) though the file is locked", err)
	}
	release()
	if err := <-done; err != nil || len(*fatal) != 0 {
		t.Fatal(err, *fatal)
	}
	defer r.Close()
	if address, err := r.ResolveID(t.Context(), nameresolution.ResolveRequest{ID: "api"}); err != nil || address != "127.0.0.1:3500" {
		t.Errorf("api is at %q (%v), want 127.0.0.1:3500", address, err)
	}
}

// onError closes failed at the first error of Init.
type onError struct {
	nameresolution.Resolver
	failed chan struct{}
}

func (o *onError) Init(ctx context.Context, meta nameresolution.Metadata) error {
	err := o.Resolver.Init(ctx, meta)
	if err != nil {
		select {
		case <-o.failed:
		default:
			close(o.failed)
		}
	}
	return err
}

func TestSidecarWithoutANameEnds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "missing", "names.db")
	r, fatal := testRegistrar(t, 300*time.Millisecond)
	err := r.Init(t.Context(), sidecarOf("api", 3500, file))
	if err == nil || len(*fatal) != 1 || !strings.Contains((*fatal)[0], `register the name "api"`) {
		t.Errorf("error %v, the process ended with %q", err, *fatal)
	}
}

func TestSidecarsThatStartTogetherAllRegister(t *testing.T) {
	t.Parallel()
	const rounds, sidecars = 20, 9
	for range rounds {
		file := filepath.Join(t.TempDir(), "names.db")
		errs := make(chan error, sidecars)
		registrars := make([]*registrar, sidecars)
		for i := range registrars {
			registrars[i], _ = testRegistrar(t, registrationTime)
			go func() { errs <- registrars[i].Init(t.Context(), sidecarOf(fmt.Sprint("app", i), 3500+i, file)) }()
		}
		for range sidecars {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		for i, r := range registrars {
			want := fmt.Sprint("127.0.0.1:", 3500+i)
			if address, err := registrars[0].ResolveID(t.Context(), nameresolution.ResolveRequest{ID: fmt.Sprint("app", i)}); err != nil || address != want {
				t.Errorf("app%d is at %q (%v), want %s", i, address, err, want)
			}
			defer r.Close()
		}
	}
}
