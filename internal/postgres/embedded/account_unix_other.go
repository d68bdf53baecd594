//go:build unix && !linux

package embedded

import "syscall"

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func privileged(identity) []account { return nil }
