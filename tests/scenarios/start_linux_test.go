package scenarios

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// schedulerAlarm matches lines in which sidecars and api report a scheduler that does not answer,
// and the supervisor's line about waiting for it.
var schedulerAlarm = regexp.MustCompile(`(?i)(level=(warn|error)|\b(warning|error|fatal): ).*(schedul|jobs)|scheduler was killed`)

// After kill -9 of the supervisor, the next start is like any other. The killed scheduler's
// leadership used to last 20 seconds, during which sidecars and api logged errors.
func TestStartAfterKill(t *testing.T) {
	t.Parallel()
	cfg := system.Config{Dir: filepath.Join(t.TempDir(), "system"), Services: lightly, Env: environment(nil)}
	killed, err := system.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	killed.Kill()
	checkEnd(t, killed, "signal: killed")

	s := own(t, cfg)
	for line := range strings.Lines(s.Tail(1 << 30)) {
		// Only our build of the scheduler ends the leadership of one that was killed.
		if os.Getenv("SCHEDULER") != "" && strings.Contains(line, "its leadership ends within 20 seconds") {
			continue
		}
		if schedulerAlarm.MatchString(line) && !ofBusyDatabase(line) {
			t.Errorf("a false alarm: %s", line)
		}
	}
	t.Logf("ready after %v, the first time after %v", s.ReadyAfter, killed.ReadyAfter)
}

// A system that cannot start logs the cause in one line, and no process is left.
func TestSystemThatCannotStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	used := own(t, system.Config{Services: "api"})
	before, err := used.State()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "system") // of the system whose port is taken
	for name, test := range map[string]struct {
		cfg  system.Config
		says []string
	}{
		"taken port": {
			system.Config{Dir: dir, Args: []string{"-addr", taken.Addr().String()}},
			[]string{"local: port " + port + " (web) is taken"},
		},
		"missing permission": {
			// Not even root can create a folder there.
			system.Config{Dir: t.TempDir(), Args: []string{"-dir", "/sys/taskmaster"}},
			[]string{"local: ", "/sys/taskmaster"},
		},
		"folder in use": {
			system.Config{Dir: used.Dir},
			[]string{"local: ", used.Dir},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := system.Launch(t.Context(), test.cfg)
			if err != nil {
				t.Fatal(err)
			}
			all := tree(t, s.PID())
			checkEnd(t, s, "exit status 1", test.says...)
			nothingLeft(t, all)
			if lines := strings.Split(strings.TrimSpace(s.Tail(100)), "\n"); len(lines) != 1 {
				t.Errorf("the error has %d lines, want 1: %q", len(lines), lines)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); !os.IsNotExist(err) {
		t.Errorf("something was started: %v", err)
	}
	if now, err := used.State(); err != nil || !reflect.DeepEqual(now, before) {
		t.Errorf("the system whose folder is in use was %+v, and is %+v: %v", before, now, err)
	}
}
