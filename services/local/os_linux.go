package main

import "syscall"

// childAttributes: a group of its own, so that Ctrl-C in a terminal reaches us alone and things end in their order; and an
// end with ours, so that nothing is left running when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
