package scenarios

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// process is a process of this machine.
type process struct {
	pid, parent int
	started     string // distinguishes it from a later process with the same pid
	name        string
}

// processes returns all processes of the machine, except zombies.
func processes(t *testing.T) map[int]process {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		raw, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // the process has just ended
		}
		// proc(5): pid (name) state ppid ...; starttime is field 22. The name may contain spaces
		// and brackets.
		end := bytes.LastIndexByte(raw, ')')
		fields := strings.Fields(string(raw[end+1:]))
		if fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		all[pid] = process{pid: pid, parent: parent, started: fields[19], name: string(raw[bytes.IndexByte(raw, '(')+1 : end])}
	}
	return all
}

// tree returns a process and all of its descendants, or nothing if it has ended.
func tree(t *testing.T, root int) []process {
	t.Helper()
	all := processes(t)
	var found []process
	if p, ok := all[root]; ok {
		found = append(found, p)
	}
	for i := 0; i < len(found); i++ {
		for _, p := range all {
			if p.parent == found[i].pid {
				found = append(found, p)
			}
		}
	}
	return found
}

// nothingLeft waits until none of the processes runs any more.
func nothingLeft(t *testing.T, were []process) {
	t.Helper()
	err := system.Poll(within(t), func() error {
		all := processes(t)
		for _, p := range were {
			if now, ok := all[p.pid]; ok && now.started == p.started {
				return fmt.Errorf("%s (%d) still runs", p.name, p.pid)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
