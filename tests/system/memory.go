package system

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Title returns a readable name of the process.
func (p Process) Title() string {
	if p.Role == RoleSidecar {
		return p.Name + ", sidecar"
	}
	return p.Name
}

// Memory returns the RSS and the PSS of a process and its descendants, in KiB, from /proc. PSS
// divides shared pages among the processes that share them. A process that has ended counts as 0.
func (p Process) Memory() (rss, pss int, err error) {
	for _, pid := range Descendants(p.PID) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if errors.Is(err, fs.ErrPermission) {
			return 0, 0, fmt.Errorf("read memory of process %d: %w", pid, err)
		}
		for line := range strings.Lines(string(raw)) { // empty if the process has ended
			name, value, _ := strings.Cut(line, ":")
			switch name {
			case "Rss":
				rss += Kibibytes(value)
			case "Pss":
				pss += Kibibytes(value)
			}
		}
	}
	return rss, pss, nil
}

// Descendants returns the process id root and those of all processes below it.
func Descendants(root int) []int {
	all := []int{root}
	for i := 0; i < len(all); i++ {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", all[i]))
		if err != nil {
			continue
		}
		for _, task := range tasks {
			raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], task.Name()))
			if err != nil {
				continue
			}
			for word := range strings.FieldsSeq(string(raw)) {
				if pid, err := strconv.Atoi(word); err == nil {
					all = append(all, pid)
				}
			}
		}
	}
	return all
}

// Kibibytes returns the number of a text such as "1234 kB", the format of /proc. It returns 0 for
// any other text.
func Kibibytes(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "kB")))
	if err != nil {
		return 0
	}
	return n
}
