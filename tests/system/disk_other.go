//go:build !linux

package system

import (
	"errors"
	"fmt"
)

// Disk is a file system of its own, in memory, that can be full.
type Disk struct{}

// MountDisk is possible on Linux alone.
func MountDisk(string) (*Disk, error) {
	return nil, fmt.Errorf("mount a disk: %w", errors.ErrUnsupported)
}

// Fill leaves no byte free.
func (d *Disk) Fill() error { return errors.ErrUnsupported }

// Free gives all the space back.
func (d *Disk) Free() error { return errors.ErrUnsupported }

// Unmount takes the disk away.
func (d *Disk) Unmount() error { return errors.ErrUnsupported }
