//go:build unix

package supervise

import (
	"os"
	"syscall"
)

// stopSignal returns the signal that asks a process to stop.
func stopSignal() os.Signal { return syscall.SIGTERM }
