//go:build unix && !linux

package supervise

import "syscall"

// ChildAttributes puts a child into a process group of its own. Ctrl-C in a terminal then reaches
// only this process, which stops children in order.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// WorksIn returns false: only Linux can tell. Elsewhere children outlive a killed run, and the next
// run names the port that they hold.
func WorksIn(int, string) bool { return false }
