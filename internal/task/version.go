package task

import "strconv"

// Version returns the name of a state of a task: the epoch of the installation and the task's
// revision. After a restore, the same revision can be another state. Without an epoch it returns
// only the revision.
func (t Task) Version(epoch string) string {
	revision := strconv.FormatInt(t.Revision, 10)
	if epoch == "" {
		return revision
	}
	return epoch + "-" + revision
}

// ETag returns the entity tag of a task's version (RFC 9110 section 8.8.3). It returns "" for the
// version "".
func ETag(version string) string {
	if version == "" {
		return ""
	}
	return `"` + version + `"`
}
