package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// cluster is a data directory, the programs that serve it, and the account that runs them.
type cluster struct {
	bin    string
	as     account
	dir    string
	log    io.Writer
	unsafe bool
}

func (c cluster) data() string { return filepath.Join(c.dir, "data") }

// init creates the data directory if it is missing, and returns the superuser's password.
func (c cluster) init(ctx context.Context) (string, error) {
	file := filepath.Join(c.dir, "password")
	if _, err := os.Stat(c.data()); err == nil {
		password, err := os.ReadFile(file)
		return strings.TrimSpace(string(password)), err
	}

	password := rand.Text()
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		return "", err
	}
	// An interrupted initdb leaves a useless directory. initdb therefore works in another
	// directory, which is renamed when complete.
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	if err := c.as.own(c.dir); err != nil {
		return "", err
	}
	args := []string{
		"--pgdata=" + fresh, "--username=" + superuser, "--pwfile=" + file, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=" + locale(),
	}
	if c.unsafe {
		args = append(args, "--no-sync")
	}
	if err := run(c.as.command(ctx, filepath.Join(c.bin, "initdb"), args...)); err != nil {
		return "", err
	}
	return password, os.Rename(fresh, c.data())
}

// locale returns a locale that knows all letters and exists on every machine. Text in any language
// then compares and folds as expected.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// postgres starts the server.
func (c cluster) postgres(port int) (*process, error) {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=",
		"max_connections=200",
		"jit=off", // costs short queries time without a gain
		"timezone=UTC",
		"lc_messages=C",
		"log_line_prefix=",
		"log_checkpoints=off",
		// A statement and the detail of an error contain e-mail addresses.
		"log_error_verbosity=terse",
		"log_min_error_statement=panic",
		"log_parameter_max_length=0",
		"log_parameter_max_length_on_error=0",
	}
	if c.unsafe {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", c.data()}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	// The server runs longer than the context of its start.
	cmd := c.as.command(context.Background(), filepath.Join(c.bin, "postgres"), args...)
	return startProcess(cmd, c.log)
}

// clearStalePID removes the postmaster.pid of a killed server. PostgreSQL removes it itself unless
// another process has its process ID by now. That is common in containers and after a reboot. While
// a process of the killed server still runs, clearStalePID waits for its end: a second server on
// the same files would destroy them.
func (c cluster) clearStalePID(ctx context.Context) error {
	file := filepath.Join(c.data(), "postmaster.pid")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		pid, known := processIn(c.data())
		if !known {
			return nil // left to PostgreSQL's own check
		}
		if pid == 0 {
			err := os.Remove(file)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("a server runs there already, as process %d", pid)
		case <-tick.C:
		}
	}
}
