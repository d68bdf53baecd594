package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// errExited is a server that ended before it could be used.
var errExited = errors.New("server ended")

// process is one running child.
type process struct {
	cmd  *exec.Cmd
	pid  int
	log  *tail
	done chan struct{} // closed when it has ended and its log is complete
}

// startProcess starts the command and watches it until it ends.
func startProcess(cmd *exec.Cmd, log io.Writer) (*process, error) {
	p := &process{cmd: cmd, log: &tail{w: log}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.WaitDelay = time.Second // a grandchild may hold the log open

	// The parent death signal comes when the thread that started the child ends, not the process. So one thread is
	// kept for the child's life.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// stop asks the process to end, and each half of the timeout later more firmly.
func (p *process) stop(timeout time.Duration) error {
	for _, signal := range stopSignals {
		select {
		case <-p.done:
			return nil
		default:
		}
		// The process may end by itself at this moment; then there is nobody to signal.
		_ = p.cmd.Process.Signal(signal)
		select {
		case <-p.done:
			return nil
		case <-time.After(timeout / 2):
		}
	}
	return fmt.Errorf("stop postgres: process %d does not end", p.pid)
}

// tail passes on what is written and remembers the last line, or the last that tells of a fatal error.
type tail struct {
	w io.Writer

	mu    sync.Mutex
	line  []byte
	fatal bool
}

// Write never fails: a log that cannot be written must not end the database.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		fatal := bytes.Contains(line, []byte("FATAL:")) || bytes.Contains(line, []byte("PANIC:"))
		if len(line) > 0 && (fatal || !t.fatal) {
			t.line, t.fatal = bytes.Clone(line), fatal
		}
	}
	t.mu.Unlock()
	_, _ = t.w.Write(b)
	return len(b), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.line)
}
