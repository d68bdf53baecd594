// Package dapr names the versions of Dapr that the system supports. Its tests keep the files in this
// folder consistent. Tests in cmd/local check how sidecars behave with these files.
package dapr

// Supported returns the minor versions that the system is tested with, oldest first. The newest is
// that of runtime/go.mod.
func Supported() []string { return []string{"1.16", "1.17", "1.18"} }

// Oldest is the oldest version that the system runs on. Earlier schedulers neither replace a job of
// the same name nor repeat one that failed, so that reminders would be late or lost.
const Oldest = "1.16.0"
