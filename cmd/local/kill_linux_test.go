package main

import (
	"os"
	"os/exec"
	"testing"

	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/testkit"
)

// When this program is killed, all of its processes end.
func TestKilledRunLeavesNoProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), self, testRunCommand, "-dir="+dir, "-ports=free", "-services=")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{cfg: config{dir: dir}}
	testkit.Within(t, supervise.ReadyTimeout, "ready", func() bool {
		_, err := os.Stat(systemFile(dir))
		return err == nil && r.state(t).Ready
	})
	state := r.state(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for _, p := range state.Processes {
		testkit.Within(t, supervise.ReadyTimeout, p.label()+" has ended", func() bool { return !alive(p.PID) })
	}
}
