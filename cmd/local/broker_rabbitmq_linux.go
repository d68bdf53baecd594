package main

import "syscall"

// endWithParent makes this thread, and the program that it becomes, end with the process that started it. childAttributes
// asked for that too, but for another thread.
func endWithParent() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return errno
	}
	return nil
}
