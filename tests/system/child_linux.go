package system

import (
	"os/exec"
	"syscall"
)

// tie makes a child end when the thread that starts it does: as Ctrl-C would, so that it can stop what it started.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
