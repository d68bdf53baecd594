//go:build !linux

package system

import (
	"errors"
	"fmt"
)

// Disk is a file system in memory that can be filled up.
type Disk struct{}

// MountDisk returns an error: only Linux supports it.
func MountDisk(string) (*Disk, error) {
	return nil, fmt.Errorf("mount a disk: %w", errors.ErrUnsupported)
}

// Fill leaves no byte free.
func (d *Disk) Fill() error { return errors.ErrUnsupported }

// Free makes the disk empty enough again.
func (d *Disk) Free() error { return errors.ErrUnsupported }

// Unmount removes the disk.
func (d *Disk) Unmount() error { return errors.ErrUnsupported }
