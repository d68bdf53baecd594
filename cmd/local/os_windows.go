package main

import (
	"os"
	"syscall"
)

// stopSignal: there is only one way to end another process here.
var stopSignal = os.Kill

func childAttributes() *syscall.SysProcAttr { return nil }

// lock does nothing: a second system fails at the first taken port.
func lock(dir string) (unlock func(), err error) { return func() {}, os.MkdirAll(dir, 0o700) }

func waitLock(dir string) (unlock func(), err error) { return lock(dir) }

// worksIn knows on Linux alone. Elsewhere the children of a killed run are not killed with it, and the taken port says so.
func worksIn(int, string) bool { return false }
