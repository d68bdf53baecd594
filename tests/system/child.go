package system

import (
	"os/exec"
	"runtime"
)

// startChild starts a process that ends with this one at the latest. It calls ended when the
// process has ended.
func startChild(cmd *exec.Cmd, ended func(error)) error {
	tie(cmd)
	started := make(chan error)
	go func() {
		// Linux ties a child to the thread that started it, so the thread is reserved for the
		// child's life.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}
