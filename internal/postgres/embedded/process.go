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

// errExited reports that the server ended before it was ready.
var errExited = errors.New("server ended")

// process is a running child process.
type process struct {
	cmd  *exec.Cmd
	pid  int
	log  *tail
	done chan struct{} // closed when the process has ended and its log is complete
}

// startProcess starts the command and waits for its end in the background.
func startProcess(cmd *exec.Cmd, log io.Writer) (*process, error) {
	p := &process{cmd: cmd, log: &tail{w: log}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.WaitDelay = time.Second // a grandchild may hold the log open

	// The parent death signal comes when the starting thread ends, not when the process ends. One
	// thread is therefore kept for the life of the child.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the log holds the cause
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// stop ends the process. After each half of the timeout it uses a stronger signal.
func (p *process) stop(timeout time.Duration) error {
	for _, signal := range stopSignals {
		select {
		case <-p.done:
			return nil
		default:
		}
		// The process may end just now. There is then nothing to signal.
		_ = p.cmd.Process.Signal(signal)
		select {
		case <-p.done:
			return nil
		case <-time.After(timeout / 2):
		}
	}
	return fmt.Errorf("stop postgres: process %d does not end", p.pid)
}

// refusal begins the lines about clients that connect while the server starts, recovers or stops. They
// would hide the reason of the server's end.
const refusal = "FATAL:  the database system is"

// tail forwards writes and keeps the last line about a fatal error, or else the last line.
type tail struct {
	w io.Writer

	mu    sync.Mutex
	line  []byte
	fatal bool
}

// Write never fails. A log that cannot be written must not end the database.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		fatal := bytes.Contains(line, []byte("FATAL:")) || bytes.Contains(line, []byte("PANIC:"))
		if len(line) > 0 && (fatal || !t.fatal) && !bytes.HasPrefix(line, []byte(refusal)) {
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
