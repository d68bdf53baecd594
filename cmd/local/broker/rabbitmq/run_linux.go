package rabbitmq

import "syscall"

// dieWithParent makes the kernel kill this thread, and the program that it executes, when the parent
// process dies. supervise.ChildAttributes set that too, but for another thread.
func dieWithParent() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return errno
	}
	return nil
}
