// Package supervise keeps processes running. It starts them, waits until they are ready, restarts
// those that die, filters their logs and reports problems once instead of with every retry.
package supervise

import (
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"taskmaster/cmd/local/console"
)

// Child is a running process: a Process, or a server that a library started.
type Child interface {
	PID() int
	// Done returns a channel that is closed when the process has ended for any reason.
	Done() <-chan struct{}
	// LastLog returns the last line of the process's log. After its end it also names its exit status.
	LastLog() string
	// Stop asks the process to end, kills it after a while, and returns when it has ended.
	Stop() error
}

// Program describes how to run a program.
type Program struct {
	Name  string // of the process, for errors
	Path  string
	Args  []string
	Env   []string
	Dir   string
	Ready string // URL that answers 2xx once the program is ready; empty if it has no such URL
}

const (
	// stopGrace is the time that a process has to end after it was asked to. Then it is killed.
	stopGrace = 15 * time.Second
	// killGrace is the time in which a killed process has to be gone. Stop fails after it.
	killGrace = 5 * time.Second
)

// Process is a child that runs a Program.
type Process struct {
	cmd  *exec.Cmd
	out  *console.Lines
	done chan struct{}
}

// Start starts the program and writes its output to out.
func Start(program Program, out *console.Lines) (*Process, error) {
	cmd := exec.Command(program.Path, program.Args...)
	cmd.Dir = program.Dir
	cmd.Env = program.Env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = ChildAttributes()
	cmd.WaitDelay = time.Second // a grandchild that inherited the output may hold it open
	p := &Process{cmd: cmd, out: out, done: make(chan struct{})}

	// Linux kills the child when the thread that started it ends, even if this process lives on.
	// So one thread is reserved for the life of each child.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its result is in cmd.ProcessState
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	return p, nil
}

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// LastLog returns the last line of the process's log. After its end the exit status comes first.
func (p *Process) LastLog() string {
	last := p.out.Last()
	select {
	case <-p.done:
		return fmt.Sprintf("%s: %s", p.cmd.ProcessState, last)
	default:
		return last
	}
}

// Stop asks the process to end, kills it after stopGrace, and returns when it has ended.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(stopSignal()) // fails if the process has just ended by itself
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
	}
	return p.Kill()
}

// Kill ends the process at once. It returns when the process has ended, or an error after killGrace.
func (p *Process) Kill() error {
	_ = p.cmd.Process.Kill() // fails if the process has just ended by itself
	select {
	case <-p.done:
		return nil
	case <-time.After(killGrace):
		return fmt.Errorf("kill process %d: it still runs after %v", p.PID(), killGrace)
	}
}
