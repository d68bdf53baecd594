package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ChildAttributes puts a child into a process group of its own, and kills it when this process dies.
// With its own group, Ctrl-C in a terminal reaches only this process, which stops children in order.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// WorksIn reports whether a process runs whose working directory is dir or below it. All children
// do. A foreign process that reuses the number of a dead child hardly ever does.
func WorksIn(pid int, dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	cwd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/"))
}
