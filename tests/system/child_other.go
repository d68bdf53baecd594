//go:build !linux

package system

import "os/exec"

// tie does nothing where a child cannot be tied to its parent's life.
func tie(*exec.Cmd) {}
