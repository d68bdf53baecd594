package embedded

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// processIn returns the ID of a process of a server on dir, or 0. All of PostgreSQL's processes work
// in their data directory. It returns known=false if it cannot tell, which is always so except on
// Linux.
//
// In most containers root cannot read the working directory of another user's process. Then the
// command line tells.
func processIn(dir string) (pid int, known bool) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(processes) == 0 {
		return 0, false
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	known = true
	for _, process := range processes {
		cwd, err := os.Readlink(filepath.Join(process, "cwd"))
		serves := cwd == dir
		if errors.Is(err, fs.ErrPermission) {
			var sure bool
			if serves, sure = commandServes(process, dir); !sure {
				known = false
			}
		}
		if serves {
			pid, _ = strconv.Atoi(filepath.Base(process))
			return pid, true
		}
	}
	return 0, known
}

// commandServes reports whether a process is a PostgreSQL server on dir, by its command line. It
// returns sure=false for a process whose server is gone: its title does not name the directory.
func commandServes(process, dir string) (serves, sure bool) {
	if name, err := os.ReadFile(filepath.Join(process, "comm")); err != nil || string(bytes.TrimSpace(name)) != "postgres" {
		return false, true
	}
	line, err := os.ReadFile(filepath.Join(process, "cmdline"))
	if err != nil {
		return false, errors.Is(err, fs.ErrNotExist)
	}
	args := strings.Split(string(line), "\x00")
	if !strings.HasPrefix(args[0], "postgres: ") {
		return slices.ContainsFunc(args[1:], func(arg string) bool {
			real, err := filepath.EvalSymlinks(arg)
			return err == nil && real == dir
		}), true
	}
	// The server decides about its own processes.
	parent, err := os.ReadFile(filepath.Join("/proc", parentOf(process), "comm"))
	return false, err == nil && string(bytes.TrimSpace(parent)) == "postgres"
}

// parentOf returns the parent's ID of a process in /proc, or "0".
func parentOf(process string) string {
	stat, err := os.ReadFile(filepath.Join(process, "stat"))
	if err != nil {
		return "0"
	}
	// The fields after the name in parentheses are the state and the parent.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return "0"
	}
	return fields[1]
}
