package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine says what this runs on.
func machine() string {
	return fmt.Sprintf("%s, %d processors, %s of memory, %s/%s, %s, load %s",
		or(field("/proc/cpuinfo", "model name"), "unknown processor"), runtime.NumCPU(),
		mebibytes(kibibytes(field("/proc/meminfo", "MemTotal"))), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
}

// load is the load average of the last minute.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(raw), " ")
	return one
}

// memory notes what every process of the system uses. PSS shares out what several have in common.
func (b *bench) memory(when string) error {
	state, err := b.State()
	if err != nil {
		return err
	}
	lines := []string{
		"", "| memory " + when + " | RSS | PSS |", "|---|--:|--:|",
	}
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
		name := p.Name
		if p.Role == "sidecar" {
			name += ", sidecar"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |", name, mebibytes(rss), mebibytes(pss)))
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

// descendants returns a process and all below it.
func descendants(root int) []int {
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

// field returns the value of the first line of a file that starts with a name.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kibibytes reads the number of a text such as "1234 kB".
func kibibytes(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "kB")))
	if err != nil {
		return 0
	}
	return n
}

func mebibytes(kib int) string { return fmt.Sprintf("%d MiB", (kib+512)/1024) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
