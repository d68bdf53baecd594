package postgrestest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// poolerConfig lets everybody in, because the test's server is its own. The pool is small, so that
// clients share its sessions.
const poolerConfig = `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 12
max_client_conn = 1000
%s
`

// Pooler starts the PgBouncer of TEST_POOLER in front of a server, with further settings, and returns
// its address. It skips the test without TEST_POOLER.
func Pooler(t testing.TB, server, settings string) (address string) {
	t.Helper()
	program := os.Getenv("TEST_POOLER")
	if program == "" {
		t.Skip("TEST_POOLER does not name PgBouncer")
	}
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	address, stop, err := startPooler(t.Context(), program, at, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// startPooler starts PgBouncer in transaction mode in front of a server and returns its address.
func startPooler(ctx context.Context, program string, server *url.URL, settings string) (address string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "taskmaster-pooler-")
	if err != nil {
		return "", nil, fmt.Errorf("create directory: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("find free port: %w", err)
	}
	address = ln.Addr().String()
	ln.Close()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, fmt.Errorf("find free port: %w", err)
	}
	password, _ := server.User.Password()
	file := filepath.Join(dir, "pgbouncer.ini")
	users := filepath.Join(dir, "users.txt")
	for name, content := range map[string]string{
		file:  fmt.Sprintf(poolerConfig, server.Hostname(), server.Port(), port, users, settings),
		users: fmt.Sprintf("%q %q\n", server.User.Username(), password),
	} {
		// It reads the files again as nobody.
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil { //nolint:gosec // the server is the test's own
			return "", nil, fmt.Errorf("configure pooler: %w", err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as above
		return "", nil, fmt.Errorf("configure pooler: %w", err)
	}
	args := []string{"-q", file}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it refuses to run as root
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...) //nolint:gosec // the caller chooses the program
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start pooler: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // the error reports the kill
		os.RemoveAll(dir)
	}
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close() // nothing was sent
			return address, stop, nil
		}
		select {
		case <-ctx.Done():
			stop()
			return "", nil, fmt.Errorf("wait for pooler: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
