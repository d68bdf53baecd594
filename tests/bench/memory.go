package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"taskmaster/tests/system"
)

// memory notes the memory of every process of the system. PSS divides shared pages among the
// processes that share them.
func (b *bench) memory(when string) error {
	state, err := b.State()
	if err != nil {
		return err
	}
	slices.SortFunc(state.Processes, func(a, b system.Process) int { return strings.Compare(a.Title(), b.Title()) })
	lines := []string{"", "| memory " + when + " | RSS | PSS |", "|---|--:|--:|"}
	var rssSum, pssSum int
	for _, p := range state.Processes {
		rss, pss, err := p.Memory()
		if errors.Is(err, os.ErrPermission) {
			b.out.note("the memory of process %d (%s) may not be read by this user", p.PID, p.Name)
			continue
		}
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |", p.Title(), mebibytes(rss), mebibytes(pss)))
		rssSum, pssSum = rssSum+rss, pssSum+pss
	}
	b.out.memory = append(b.out.memory, append(lines, fmt.Sprintf("| all | %s | %s |", mebibytes(rssSum), mebibytes(pssSum)))...)
	return nil
}
