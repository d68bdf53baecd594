package embedded

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/testkit"
)

func TestServerKeepsDataBetweenRuns(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *Server){
		"stopped": func(t *testing.T, s *Server) {
			t.Helper()
			if err := s.Stop(); err != nil {
				t.Fatalf("Stop: %v", err)
			}
			if err := s.Stop(); err != nil {
				t.Errorf("a second Stop: %v", err)
			}
		},
		"killed": func(t *testing.T, s *Server) {
			t.Helper()
			p, err := os.FindProcess(s.PID())
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Kill(); err != nil {
				t.Fatal(err)
			}
			// No wait: the next start must cope with remaining processes of the server.
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Dir: filepath.Join(t.TempDir(), "pg"), Log: t.Output()}

			first := mustStart(t, cfg)
			execSQL(t, first.URL(), `CREATE TABLE kept (word text)`)
			execSQL(t, first.URL(), `INSERT INTO kept VALUES ('Ärger')`)
			end(t, first)

			second := mustStart(t, cfg)
			// Lower-casing a letter outside ASCII shows that the locale knows it.
			if got := queryText(t, second.URL(), `SELECT lower(word) FROM kept`); got != "ärger" {
				t.Errorf("got %q after the restart, want %q", got, "ärger")
			}
		})
	}
}

func TestServerSurvivesStalePID(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "pg"), Unsafe: true, Log: t.Output()}
	if err := mustStart(t, cfg).Stop(); err != nil {
		t.Fatal(err)
	}

	// The ID of this process is alive, but not a server's.
	stale := strings.Join([]string{strconv.Itoa(os.Getpid()), filepath.Join(cfg.Dir, "data"), "0", "5432", "", "127.0.0.1", "", ""}, "\n")
	if err := os.WriteFile(filepath.Join(cfg.Dir, "data", "postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	mustStart(t, cfg)
}

func TestServerIsPrivate(t *testing.T) {
	t.Parallel()
	log := &testkit.LogBuffer{}
	cfg := Config{Dir: filepath.Join(t.TempDir(), "pg"), Unsafe: true, Log: log}
	s := mustStart(t, cfg)

	// An error names neither the row nor the statement.
	execSQL(t, s.URL(), `CREATE TABLE people (email text UNIQUE)`)
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for range 2 {
		if _, err = conn.Exec(t.Context(), `INSERT INTO people VALUES ($1)`, "ada@example.com"); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("the table has an address twice")
	}
	_, _ = conn.Exec(t.Context(), `SELECT 'ada@example.com' FROM nowhere`) // fails
	testkit.Eventually(t, "the server logs both errors", func() bool {
		return strings.Contains(log.String(), "duplicate key") && strings.Contains(log.String(), "nowhere")
	})
	if strings.Contains(log.String(), "ada@") {
		t.Errorf("the log has an address:\n%s", log)
	}

	if got := queryText(t, s.URL(), `SHOW listen_addresses`); got != "127.0.0.1" {
		t.Errorf("listens on %q", got)
	}
	if got := queryText(t, s.URL(), `SHOW unix_socket_directories`); got != "" {
		t.Errorf("has sockets in %q", got)
	}
	info, err := os.Stat(filepath.Join(cfg.Dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("password has mode %o", got)
	}

	wrong := strings.Replace(s.URL(), s.password, "wrong", 1)
	if conn, err := pgx.Connect(t.Context(), wrong); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password is let in")
	}
}

func TestStartNamesTheTakenPort(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port

	_, err = Start(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "pg"), Port: port, Unsafe: true})
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got error %v, want one that names port %d", err, port)
	}
}

// Two servers on the same files would destroy them. The files must not be given to another account
// than the running server's either.
func TestStartRefusesARunningDir(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "pg"), Unsafe: true, Log: t.Output()}
	all := accounts()
	s := serveAs(t, all[len(all)-1], cfg.Dir) // the account that a start would choose last
	if s == nil {
		s = mustStart(t, cfg)
	}

	_, err := Start(t.Context(), cfg)
	// On Linux this package finds the server, on other systems PostgreSQL does.
	if err == nil || !strings.Contains(err.Error(), "a server runs there already, as process ") && !strings.Contains(err.Error(), "postmaster.pid\" already exists") {
		t.Errorf("got error %v, want one that names the running server", err)
	}
	if got := queryText(t, s.URL(), `SELECT 'well'`); got != "well" {
		t.Errorf("the first server answers %q", got)
	}
}

// Root has several ways to run programs that refuse to run as root. It depends on the machine which
// of them work.
func TestEveryAccount(t *testing.T) {
	t.Parallel()
	for _, as := range accounts() {
		t.Run(as.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "pg")
			s := serveAs(t, as, dir)
			if s == nil {
				return
			}
			execSQL(t, s.URL(), `CREATE TABLE made (id int)`)
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}

			// The account of the next start can continue with the data.
			s = mustStart(t, Config{Dir: dir, Unsafe: true, Log: t.Output()})
			execSQL(t, s.URL(), `INSERT INTO made VALUES (1)`)
		})
	}
}

// serveAs starts a server as the account. It returns nil if this machine does not allow that.
func serveAs(t *testing.T, as account, dir string) *Server {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	bin, err := binaries(t.Context(), Config{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if err := as.own(dir); err != nil {
		t.Fatal(err)
	}
	if as.try(t.Context(), bin, dir) != nil {
		openTo(t, dir)
	}
	if err := as.try(t.Context(), bin, dir); err != nil {
		t.Logf("not possible on this machine: %v", err)
		return nil
	}
	c := cluster{bin: bin, as: as, dir: dir, log: t.Output(), unsafe: true}
	password, err := c.init(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.serve(t.Context(), 0, password)
	if err != nil {
		t.Fatal(err)
	}
	stopAtEnd(t, s)
	return s
}

// openTo makes the test's folders above dir accessible to all users.
func openTo(t *testing.T, dir string) {
	t.Helper()
	for range 2 {
		dir = filepath.Dir(dir)
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func mustStart(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopAtEnd(t, s)
	return s
}

func stopAtEnd(t *testing.T, s *Server) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func execSQL(t *testing.T, url, sql string) {
	t.Helper()
	conn := connect(t, url)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func queryText(t *testing.T, url, sql string) string {
	t.Helper()
	conn := connect(t, url)
	defer conn.Close(t.Context())
	var text string
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// The user can select PostgreSQL's programs. A folder without them is an error, not a reason to
// choose others.
func TestChosenPrograms(t *testing.T) {
	empty := t.TempDir()
	t.Setenv(programsVariable, empty)
	if _, err := Start(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "pg"), Unsafe: true}); err == nil || !strings.Contains(err.Error(), programsVariable+": "+empty) {
		t.Errorf("a folder without programs: got error %v, want one that names the variable and the folder", err)
	}

	t.Setenv(programsVariable, fetchPrograms+"-14")
	if _, err := binaries(t.Context(), Config{Dir: t.TempDir(), Log: t.Output()}); err == nil || !strings.Contains(err.Error(), "14 cannot be fetched, only [15 16 17 18]") {
		t.Errorf("a version that cannot be fetched: got error %v, want one that names the others", err)
	}

	t.Setenv(programsVariable, "")
	installed, err := binaries(t.Context(), Config{Dir: t.TempDir(), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(programsVariable, installed)
	if chosen, err := binaries(t.Context(), Config{Dir: t.TempDir(), Log: t.Output()}); err != nil || chosen != installed {
		t.Errorf("chose %q (%v), want %q", chosen, err, installed)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := binaries(t.Context(), Config{Dir: dir, Log: t.Output()}); err == nil || !strings.Contains(err.Error(), "the data was made by 9") {
		t.Errorf("data of another version: got error %v, want one that names its version", err)
	}
}
