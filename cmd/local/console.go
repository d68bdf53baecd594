package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// console is the one log that all processes share: whole lines, each with the name of its process.
type console struct {
	mu     sync.Mutex
	w      io.Writer
	width  int
	colour bool
}

func newConsole(w *os.File) *console {
	info, err := w.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &console{w: w, width: len("scheduler"), colour: terminal && os.Getenv("NO_COLOR") == ""}
}

// writer returns a writer of the process's lines. The role decides which of them are shown, and how.
func (c *console) writer(name, role string) *lines {
	switch role {
	case "postgres", "broker", "scheduler":
		repetitions := repetitions{now: time.Now}
		show := func(line string) string { return readable(role, line) }
		if role == "postgres" {
			show = new(postgresLog).readable
		}
		return &lines{console: c, name: name, readable: func(line string) string { return repetitions.show(show(line)) }}
	}
	return &lines{console: c, name: name, readable: func(line string) string { return readable(role, line) }}
}

// fit makes room for a process's name. Call it before the process writes.
func (c *console) fit(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.width = max(c.width, len(name))
}

// lines puts what a process writes into the log, line by line, and remembers the last one.
type lines struct {
	console  *console
	name     string
	readable func(line string) string // "" is not shown

	mu      sync.Mutex
	pending []byte // a line not yet ended
	last    string // that was shown; the very last while none was
	shown   bool
}

// longestLine bounds what a process that never ends its line can make us keep.
const longestLine = 64 << 10

// Write never fails: a log that cannot be written must not end the system.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, b...)
	for {
		end := bytes.IndexByte(l.pending, '\n')
		if end < 0 && len(l.pending) < longestLine {
			return len(b), nil
		}
		if end < 0 {
			end = longestLine - 1
		}
		l.line(strings.TrimRight(string(l.pending[:end+1]), "\r\n"))
		l.pending = append(l.pending[:0], l.pending[end+1:]...)
	}
}

func (l *lines) line(raw string) {
	line := l.readable(raw)
	switch {
	case line != "":
		l.last, l.shown = line, true
		l.console.print(l.name, line)
	case raw != "" && !l.shown:
		l.last = raw
	}
}

// Printf writes one line.
func (l *lines) Printf(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

func (l *lines) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// colours that can be read on light and dark.
var colours = []int{36, 32, 33, 35, 34, 96, 92, 95, 94, 31}

func (c *console) print(name, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.colour {
		fmt.Fprintf(c.w, "%-*s | %s\n", c.width, name, line)
		return
	}
	sum := 0
	for _, r := range name {
		sum = 7*sum + int(r)
	}
	fmt.Fprintf(c.w, "\x1b[%dm%-*s |\x1b[0m %s\n", colours[sum%len(colours)], c.width, name, line)
}
