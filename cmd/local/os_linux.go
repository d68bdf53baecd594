package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes: a group of its own, so that Ctrl-C in a terminal reaches us alone and things end in their order; and an
// end with ours, so that nothing is left running when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// worksIn reports whether a process runs whose working directory is the folder or below it. All of ours do, and hardly any
// process that was given the number of one that ended.
func worksIn(pid int, dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	cwd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/"))
}
