package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskmaster/cmd/local/supervise"
)

// The processes of a killed run may live a moment longer than the run. The next run waits for them.
func TestAwaitLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := awaitLeftovers(t.Context(), dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	cat := exec.CommandContext(t.Context(), "cat")
	cat.Dir = dir
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cat.Wait() }()
	last := systemState{Processes: []processState{{Name: "api", Role: "service", Replica: 1, PID: cat.Process.Pid}}}
	if err := writeJSON(systemFile(dir), last); err != nil {
		t.Fatal(err)
	}

	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := awaitLeftovers(short, dir); err == nil || !strings.Contains(err.Error(), "api of the last run still works in "+dir) {
		t.Errorf("a process that stays: got error %v, want one that names it", err)
	}
	if err := awaitLeftovers(t.Context(), filepath.Join(dir, "other")); err != nil {
		t.Errorf("another folder: %v", err)
	}
	go func() {
		time.Sleep(100 * time.Millisecond)
		in.Close() // cat ends
	}()
	if err := awaitLeftovers(t.Context(), dir); err != nil {
		t.Errorf("a process that ends: %v", err)
	}
	if supervise.WorksIn(cat.Process.Pid, dir) {
		t.Error("the process still works there")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
