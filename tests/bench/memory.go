package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"taskmaster/tests/system"
)

// memory notes what every process of the system uses. PSS shares out what several have in common.
func (b *bench) memory(when string) error {
	state, err := b.State()
	if err != nil {
		return err
	}
	slices.SortFunc(state.Processes, func(a, b system.Process) int { return strings.Compare(title(a), title(b)) })
	lines := []string{"", "| memory " + when + " | RSS | PSS |", "|---|--:|--:|"}
	var rssSum, pssSum int
	for _, p := range state.Processes {
		var rss, pss int
		for _, pid := range descendants(p.PID) {
			r, s, err := memoryOf(pid)
			if errors.Is(err, os.ErrPermission) {
				b.out.note("the memory of process %d (%s) may not be read by this user", pid, p.Name)
				continue
			}
			if err != nil {
				continue // it has ended meanwhile
			}
			rss, pss = rss+r, pss+s
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |", title(p), mebibytes(rss), mebibytes(pss)))
		rssSum, pssSum = rssSum+rss, pssSum+pss
	}
	b.out.memory = append(b.out.memory, append(lines, fmt.Sprintf("| all | %s | %s |", mebibytes(rssSum), mebibytes(pssSum)))...)
	return nil
}

// memoryOf returns a process's RSS and PSS in KiB.
func memoryOf(pid int) (rss, pss int, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Rss":
			rss = kibibytes(value)
		case "Pss":
			pss = kibibytes(value)
		}
	}
	return rss, pss, nil
}

// title names a process for people.
func title(p system.Process) string {
	name := p.Name
	if p.Role == system.RoleSidecar {
		name += ", sidecar"
	}
	return name
}
