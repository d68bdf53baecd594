//go:build unix && !linux

package main

import "syscall"

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// worksIn knows on Linux alone. Elsewhere the children of a killed run are not killed with it, and the taken port says so.
func worksIn(int, string) bool { return false }
