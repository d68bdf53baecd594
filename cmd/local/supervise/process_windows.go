package supervise

import (
	"os"
	"syscall"
)

// stopSignal returns os.Kill: Windows has no signal that asks a process to stop.
func stopSignal() os.Signal { return os.Kill }

// ChildAttributes returns nil: children need no attributes on Windows.
func ChildAttributes() *syscall.SysProcAttr { return nil }

// WorksIn returns false: only Linux can tell. Elsewhere children outlive a killed run, and the next
// run names the port that they hold.
func WorksIn(int, string) bool { return false }
