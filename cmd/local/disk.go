package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// fullDiskWords are the error texts of the C library, of Go and of SQLite for a full disk, in lower case.
var fullDiskWords = []string{"no space left on device", "database or disk is full"}

// isDiskFull reports whether err is about a full disk. The error of a process that ended contains the
// last line of its log.
func isDiskFull(err error) bool {
	if err == nil {
		return false
	}
	text := strings.ToLower(err.Error())
	return errors.Is(err, syscall.ENOSPC) ||
		slices.ContainsFunc(fullDiskWords, func(words string) bool { return strings.Contains(text, words) })
}

// diskWatch logs processes that end because the disk is full. Such a process is started again until there
// is room, with and without -restart. A person who makes room then need not start the system as well.
type diskWatch struct {
	complaints *complaints
	// changed writes the state of a process again, because a full disk had no room for it.
	changed func(processState)
}

func (d diskWatch) noteFull(p processState) {
	d.complaints.note(diskOf(p), complaint{
		subject: "full disk",
		text:    fmt.Sprintf("the disk is full and %s ended; it starts again as soon as there is room", p.label()),
	})
}

// noteRoom notes that a process has run for a while.
func (d diskWatch) noteRoom(p processState) {
	if d.complaints.has(diskOf(p)) {
		d.complaints.clear(diskOf(p))
		d.changed(p)
	}
}

// diskOf returns the key of a process's complaint about the disk. Other complaints have other keys.
func diskOf(p processState) string { return "disk of " + p.label() }
