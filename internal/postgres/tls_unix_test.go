//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// authority signs certificates of servers. file has its own certificate.
type authority struct {
	testkit.Authority
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{testkit.NewAuthority(t), filepath.Join(t.TempDir(), "ca.crt")}
	write(t, a.file, a.PEM)
	return a
}

// pair has the files of a certificate and its key.
type pair struct{ cert, key string }

// issue writes a certificate for a host and its key into a new folder.
func (a authority) issue(t *testing.T, host string, ends time.Time) pair {
	t.Helper()
	cert, key := a.Issue(t, ends, host)
	dir := t.TempDir()
	p := pair{filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")}
	write(t, p.cert, cert)
	write(t, p.key, key)
	return p
}

// write writes a file that the accounts of the servers can read.
func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(filepath.Dir(file))} { // both are the test's own
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// secureServer is a PostgreSQL that begins without TLS.
type secureServer struct {
	dir  string
	url  url.URL
	conn *pgx.Conn
}

func newSecureServer(t *testing.T) secureServer {
	t.Helper()
	dir := t.TempDir()
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: dir, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	s := secureServer{filepath.Join(dir, "data"), *at, conn}
	db, err := postgres.Open(t.Context(), server.URL(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return s
}

// use gives the server a certificate. New connections get it a moment later.
func (s secureServer) use(t *testing.T, p pair) {
	t.Helper()
	info, err := os.Stat(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	for name, from := range map[string]string{"server.crt": p.cert, "server.key": p.key} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(s.dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(file, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{`ALTER SYSTEM SET ssl = on`, `SELECT pg_reload_conf()`} {
		if _, err := s.conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// direct returns the server's URL with other parameters.
func (s secureServer) direct(parameters string) string {
	at := s.url
	at.RawQuery = parameters
	return at.String()
}

// wants polls a connection until it succeeds, or fails with the wanted words. The error names the
// cause and the way out.
func wants(t *testing.T, connect func() error, words ...string) {
	t.Helper()
	testkit.WithState(t, testkit.Patience, func() (bool, string) {
		err := connect()
		if err == nil {
			return len(words) == 0, "connected, want the error " + strings.Join(words, ", ")
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				return false, fmt.Sprintf("the word %q in %q", word, err)
			}
		}
		return len(words) > 0, err.Error()
	})
}

// inChild connects in a process whose system trusts one file of authorities.
func inChild(t *testing.T, url, authorities string) error {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), connectTo+"="+url, "SSL_CERT_FILE="+authorities, "SSL_CERT_DIR="+t.TempDir(), "HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

const (
	verified = "sslmode=verify-full"
	ownCA    = verified + "&sslrootcert="
)

const (
	localhost = "127.0.0.1"
	day       = 24 * time.Hour
)

// TestTLS connects with sslmode=verify-full to a server whose certificate is right, has another name, has
// expired, or is signed by somebody else.
func TestTLS(t *testing.T) {
	t.Parallel()
	s, ours, other := newSecureServer(t), newAuthority(t), newAuthority(t)
	open := func(parameters string) func() error {
		return func() error { return connect(t.Context(), s.direct(parameters)) }
	}
	wants(t, open(ownCA+ours.file), "the database has no TLS", "sslmode=disable")

	s.use(t, ours.issue(t, localhost, time.Now().Add(day)))
	wants(t, open(ownCA+ours.file))
	wants(t, open(ownCA+other.file), "no authority that is trusted here", `"CN=authority of the test"`, "sslrootcert=FILE")
	wants(t, open(ownCA+filepath.Join(t.TempDir(), "none.crt")), "parse DATABASE_URL", "none.crt")
	if runtime.GOOS == "linux" { // SSL_CERT_FILE replaces the system's authorities
		wants(t, func() error { return inChild(t, s.direct(verified), ours.file) })
		wants(t, func() error { return inChild(t, s.direct(verified), other.file) }, "no authority that is trusted here", "sslrootcert=FILE")
	}

	s.use(t, ours.issue(t, "db.example.com", time.Now().Add(day)))
	wants(t, open(ownCA+ours.file), "is for db.example.com and not for 127.0.0.1", "write the certificate's name into DATABASE_URL")

	ended := time.Now().Add(-day)
	s.use(t, ours.issue(t, localhost, ended))
	wants(t, open(ownCA+ours.file), "has expired on "+ended.UTC().Format(time.DateOnly), "renew it on the server", "clock")
}

// TestTLSThroughPooler does the same through PgBouncer in transaction mode, which verifies the server in
// its turn.
func TestTLSThroughPooler(t *testing.T) {
	t.Parallel()
	s, ours := newSecureServer(t), newAuthority(t)
	s.use(t, ours.issue(t, localhost, time.Now().Add(day)))
	wants(t, func() error { return connect(t.Context(), s.direct(ownCA+ours.file)) })
	through := func(p pair) (url string) {
		at := s.url
		at.Host = postgrestest.Pooler(t, s.url.String(), fmt.Sprintf(
			"client_tls_sslmode = require\nclient_tls_cert_file = %s\nclient_tls_key_file = %s\nserver_tls_sslmode = verify-full\nserver_tls_ca_file = %s",
			p.cert, p.key, ours.file))
		at.RawQuery = ownCA + ours.file + "&default_query_exec_mode=cache_describe"
		return at.String()
	}
	ended := time.Now().Add(-day)
	right := through(ours.issue(t, localhost, time.Now().Add(day)))
	wants(t, func() error { return connect(t.Context(), right) })
	renamed := through(ours.issue(t, "db.example.com", time.Now().Add(day)))
	wants(t, func() error { return connect(t.Context(), renamed) }, "is for db.example.com and not for 127.0.0.1")
	expired := through(ours.issue(t, localhost, ended))
	wants(t, func() error { return connect(t.Context(), expired) }, "has expired on "+ended.UTC().Format(time.DateOnly))
}
