// Package console merges the output of many processes into one log of whole lines.
// Each line starts with the name of its process.
package console

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Console is the log that all processes share.
type Console struct {
	mu     sync.Mutex
	w      io.Writer
	width  int
	colour bool
}

// New returns a console that writes to w. Names of processes are padded to width.
func New(w io.Writer, width int) *Console { return &Console{w: w, width: width} }

// ForFile returns a console that writes to a file.
// It uses colours if the file is a terminal and NO_COLOR is not set.
func ForFile(f *os.File, width int) *Console {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &Console{w: f, width: width, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

// Lines returns the output of one process. It shows every line as filter rewrites it, and drops a
// line for which filter returns "". A nil filter shows all lines as they are.
func (c *Console) Lines(name string, filter func(line string) string) *Lines {
	if filter == nil {
		filter = func(line string) string { return line }
	}
	return &Lines{console: c, name: name, filter: filter}
}

// Fit widens the column of names to fit a name. Call it before the process writes.
func (c *Console) Fit(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.width = max(c.width, len(name))
}

// print writes one line.
func (c *Console) print(name, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.colour {
		fmt.Fprintf(c.w, "%-*s | %s\n", c.width, name, line)
		return
	}
	fmt.Fprintf(c.w, "\x1b[%dm%-*s |\x1b[0m %s\n", colourOf(name), c.width, name, line)
}

// colourOf returns the colour of a name, which is always the same.
// All colours are readable on light and dark backgrounds.
func colourOf(name string) int {
	colours := [...]int{36, 32, 33, 35, 34, 96, 92, 95, 94, 31}
	sum := 0
	for _, r := range name {
		sum = 7*sum + int(r)
	}
	return colours[sum%len(colours)]
}

// Lines splits the output of a process into lines, shows them on the console and remembers the
// last one.
type Lines struct {
	console *Console
	name    string
	filter  func(line string) string

	mu      sync.Mutex
	pending []byte // a line without its end
	last    string // the last line shown; before that, the last line written
	shown   bool
}

// longestLine is the size in bytes at which a line is cut.
// It bounds the memory for a process that never ends its line.
const longestLine = 64 << 10

// Write never fails: a log that cannot be written must not stop the system.
func (l *Lines) Write(b []byte) (int, error) {
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
		l.add(strings.TrimRight(string(l.pending[:end+1]), "\r\n"))
		l.pending = append(l.pending[:0], l.pending[end+1:]...)
	}
}

// add shows one line, if the filter keeps it. The caller holds the lock.
func (l *Lines) add(raw string) {
	line := l.filter(raw)
	switch {
	case line != "":
		l.last, l.shown = line, true
		l.console.print(l.name, line)
	case raw != "" && !l.shown:
		l.last = raw
	}
}

// Printf writes one line.
func (l *Lines) Printf(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

// Last returns the last line that was shown. If none was shown, it returns the last line written.
func (l *Lines) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
