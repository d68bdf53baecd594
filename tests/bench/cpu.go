package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"taskmaster/tests/system"
)

// itself is the name of this process in a usage.
const itself = "the bench itself"

// tick is Linux's unit of processor time (USER_HZ).
const tick = 10 * time.Millisecond

// usage is the processor time of each process, including this one.
type usage map[string]time.Duration

// cpu returns the processor time of all processes so far. It is empty on a system without /proc.
func (b *bench) cpu() (usage, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	used := usage{itself: cpuOf(os.Getpid())}
	for _, p := range state.Processes {
		for _, pid := range system.Descendants(p.PID) {
			used[p.Title()] += cpuOf(pid)
		}
	}
	if b.scene != nil && b.scene.subscriber != nil {
		used["the bench's subscriber, sidecar"] += cpuOf(b.scene.subscriber.Sidecar())
	}
	return used, nil
}

// noteCPU notes the processor time of each process since before, and the elapsed time.
func (b *bench) noteCPU(what string, before usage, elapsed time.Duration) error {
	shares, err := b.shares(before, elapsed)
	if err != nil {
		return err
	}
	b.out.note("%s: %s", what, shares)
	return nil
}

// shares describes the processor time of each process since before, as a share of the elapsed time.
func (b *bench) shares(before usage, elapsed time.Duration) (string, error) {
	after, err := b.cpu()
	if err != nil {
		return "", err
	}
	for name := range after {
		after[name] -= before[name]
	}
	names := slices.SortedFunc(maps.Keys(after), func(x, y string) int { return cmp.Compare(after[y], after[x]) })
	var parts []string
	for _, name := range names {
		if share := float64(after[name]) / float64(elapsed); share >= 0.02 {
			parts = append(parts, fmt.Sprintf("%s %.0f%%", name, 100*share))
		}
	}
	return "of one processor used " + strings.Join(parts, ", "), nil
}

// cpuOf returns the processor time of a process and of its children that have ended. It is 0 for a
// process that has ended.
func cpuOf(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// proc(5): utime, stime, cutime and cstime are fields 14 to 17. The name, field 2, may contain
	// spaces.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:15] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		sum += time.Duration(ticks) * tick
	}
	return sum
}
