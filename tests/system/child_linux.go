package system

import (
	"os/exec"
	"syscall"
)

// tie makes a child end when the thread that starts it ends. The child gets SIGINT, as from Ctrl-C,
// so that it can stop its own children.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
