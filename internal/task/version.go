package task

import "strconv"

// Version names a state of a task: the epoch of the installation and the task's revision. After a
// restore the same revision can be another state. Without an epoch it is the revision alone.
func (t Task) Version(epoch string) string {
	revision := strconv.FormatInt(t.Revision, 10)
	if epoch == "" {
		return revision
	}
	return epoch + "-" + revision
}
