package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"time"
)

// child is a running process of ours.
type child interface {
	PID() int
	// Done is closed when it has ended, whoever ended it.
	Done() <-chan struct{}
	// LastLog is the last line that it wrote.
	LastLog() string
	// Stop asks it to end, insists after a while, and returns when it has ended.
	Stop() error
}

// How long a process may take to end by itself; then it is killed.
const (
	stopGrace = 15 * time.Second
	killGrace = 5 * time.Second
)

// process is a child that runs a program.
type process struct {
	cmd  *exec.Cmd
	out  *lines
	done chan struct{}
}

// startProcess starts the program with its output in the log.
func startProcess(s spec, out *lines) (*process, error) {
	cmd := exec.Command(s.program, s.args...)
	cmd.Dir = s.dir
	cmd.Env = s.env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = time.Second // whoever inherited its output may hold it open
	p := &process{cmd: cmd, out: out, done: make(chan struct{})}

	// The system ends the child when the thread that started it ends, not the process. So one thread is kept for its life.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in cmd.ProcessState
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	return p, nil
}

func (p *process) PID() int              { return p.cmd.Process.Pid }
func (p *process) Done() <-chan struct{} { return p.done }

func (p *process) LastLog() string {
	last := p.out.Last()
	select {
	case <-p.done:
		return fmt.Sprintf("%s: %s", p.cmd.ProcessState, last)
	default:
		return last
	}
}

func (p *process) Stop() error {
	// It may end by itself at this moment; then there is nobody to tell.
	_ = p.cmd.Process.Signal(stopSignal)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
	}
	_ = p.cmd.Process.Kill()
	select {
	case <-p.done:
		return nil
	case <-time.After(killGrace):
		return fmt.Errorf("process %d does not end", p.PID())
	}
}
