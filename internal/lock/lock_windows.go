// Package lock makes sure that one process at a time uses a folder.
package lock

import (
	"fmt"
	"os"
)

// Try creates the folder and locks nothing on Windows. A second system fails at the first port that
// is taken.
func Try(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder to lock: %w", err)
	}
	return func() {}, nil
}

// Wait creates the folder and locks nothing on Windows.
func Wait(dir string) (unlock func(), err error) { return Try(dir) }
