package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary run as a program that starts a server and is then killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EMBEDDED_TEST_DIR"); dir != "" {
		serveUntilKilled(dir)
	}
	if dir := os.Getenv("EMBEDDED_TEST_SECOND"); dir != "" {
		startSecond(dir)
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

// startSecond starts a server on a folder and prints the error. It ends with 2 if it can read the
// working directory of process EMBEDDED_TEST_SERVER.
func startSecond(dir string) {
	_, err := os.Readlink(filepath.Join("/proc", os.Getenv("EMBEDDED_TEST_SERVER"), "cwd"))
	if !errors.Is(err, fs.ErrPermission) {
		os.Exit(2)
	}
	s, err := Start(context.Background(), Config{Dir: dir, Unsafe: true, Log: io.Discard})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("a second server runs:", s.URL(), s.Stop())
	os.Exit(0)
}

// In a container root usually lacks CAP_SYS_PTRACE. It then cannot see where the processes of other
// users work.
func TestRunningDirIsFoundInAContainer(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Log("only root runs servers as another user")
		return
	}
	dir := filepath.Join(t.TempDir(), "pg")
	all := accounts()
	s := serveAs(t, all[len(all)-1], dir)
	if s == nil {
		t.Fatal("root cannot run a server as another user here")
	}
	started := make(chan string)
	go func() {
		// The thread lacks the capability from here on, and so do its children. It ends with the
		// goroutine, because it stays locked.
		runtime.LockOSThread()
		const dropFromBoundingSet, sysPtrace = 24, 19 // PR_CAPBSET_DROP, CAP_SYS_PTRACE
		if _, _, err := syscall.Syscall(syscall.SYS_PRCTL, dropFromBoundingSet, sysPtrace, 0); err != 0 {
			started <- err.Error()
			return
		}
		second := exec.CommandContext(t.Context(), os.Args[0])
		second.Env = append(os.Environ(), "EMBEDDED_TEST_SECOND="+dir, "EMBEDDED_TEST_SERVER="+strconv.Itoa(s.PID()))
		out, err := second.CombinedOutput()
		started <- fmt.Sprintf("%s%v", out, err)
	}()
	if got := <-started; !strings.Contains(got, "a server runs there already, as process ") {
		t.Errorf("the second start: %s; want an error that names the running server", got)
	}
	if got := queryText(t, s.URL(), `SELECT 'well'`); got != "well" {
		t.Errorf("the first server answers %q", got)
	}
}
