package embedded

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary run as a program that starts a server and is then killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EMBEDDED_TEST_DIR"); dir != "" {
		serveUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func serveUntilKilled(dir string) {
	s, err := Start(context.Background(), Config{Dir: dir, Unsafe: true, Log: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.PID())
	<-s.Done()
	os.Exit(1)
}

func TestServerEndsWithItsStarter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	starter := exec.CommandContext(t.Context(), os.Args[0])
	starter.Env = append(os.Environ(), "EMBEDDED_TEST_DIR="+dir)
	starter.Stderr = t.Output()
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait() // killed

	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if left, _ := processIn(filepath.Join(dir, "data")); left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("server %d runs on after its starter was killed", pid)
		}
	}
	mustStart(t, Config{Dir: dir, Unsafe: true, Log: t.Output()})
}
