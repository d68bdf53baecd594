//go:build !unix

package system

import (
	"errors"
	"fmt"
)

// Pause returns an error: this system has no SIGSTOP.
func (s *System) Pause(role, name string, _ int) (resume func() error, err error) {
	return nil, fmt.Errorf("pause %s %s: %w", role, name, errors.ErrUnsupported)
}
