package supervise

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// IsDiskFull reports whether err is about a full disk. The error of a process that ended contains the
// last line of its log, so its text is searched too.
func IsDiskFull(err error) bool {
	if err == nil {
		return false
	}
	text := strings.ToLower(err.Error())
	return errors.Is(err, syscall.ENOSPC) ||
		strings.Contains(text, "no space left on device") || // the C library and Go
		strings.Contains(text, "database or disk is full") // SQLite
}

// noteFullDisk reports that the process ended because the disk is full. Such a process is started
// again until there is room, with and without Restart. A person who makes room then need not start
// the system as well.
func (u *Unit) noteFullDisk() {
	u.config.Health.Degraded(u.diskKey(), Problem{
		Subject: "full disk",
		Text:    fmt.Sprintf("the disk is full and %s ended; it starts again as soon as there is room", u.config.Name),
	})
}

// noteRoom notes that a process has run for a while. Started is called again after a full disk,
// because the caller had no room to write the new state.
func (u *Unit) noteRoom(c Child) {
	if u.config.Health.IsDegraded(u.diskKey()) {
		u.config.Health.Recovered(u.diskKey())
		u.config.Started(c.PID())
	}
}

// diskKey returns the key of the process's problem with the disk. Its other problems have other keys.
func (u *Unit) diskKey() string { return "disk of " + u.config.Name }
