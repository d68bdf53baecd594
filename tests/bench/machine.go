package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"taskmaster/tests/system"
)

// machine describes the machine.
func machine() string {
	return fmt.Sprintf("%s, %d processors, %s of memory, %s/%s, %s, load %s",
		or(field("/proc/cpuinfo", "model name"), "unknown processor"), runtime.NumCPU(),
		mebibytes(system.Kibibytes(field("/proc/meminfo", "MemTotal"))), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
}

// load returns the load average of the last minute.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(raw), " ")
	return one
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

func mebibytes(kib int) string { return fmt.Sprintf("%d MiB", (kib+512)/1024) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
