package system

import (
	"bytes"
	"os"
	"strconv"
)

// family returns a process and all of its descendants, parents first.
func family(root int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		raw, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // the process has just ended
		}
		// proc(5): pid (name) state ppid ... The name may contain spaces and brackets.
		fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
		parent, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return nil, err
		}
		children[parent] = append(children[parent], pid)
	}
	found := []int{root}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found, nil
}
