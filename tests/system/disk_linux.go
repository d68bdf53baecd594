package system

import (
	"fmt"
	"os"
	"syscall"
)

// diskSize is the size of an empty disk in bytes. It is larger than everything that tests write.
const diskSize = 2 << 30

// Disk is a file system in memory that can be filled up.
type Disk struct{ dir string }

// MountDisk mounts a disk at a folder. It creates a missing folder. It needs root.
func MountDisk(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the disk's folder: %w", err)
	}
	d := &Disk{dir}
	return d, d.mount(0, diskSize)
}

// Fill leaves no byte free.
func (d *Disk) Fill() error {
	var err error
	for range 100 { // a write in between makes the computed size too small
		var stat syscall.Statfs_t
		if err = syscall.Statfs(d.dir, &stat); err != nil {
			return fmt.Errorf("measure disk: %w", err)
		}
		//nolint:gosec // Sizes of blocks are positive.
		if err = d.mount(syscall.MS_REMOUNT, (stat.Blocks-stat.Bfree)*uint64(stat.Bsize)); err == nil {
			return nil
		}
	}
	return err
}

// Free makes the disk empty enough again.
func (d *Disk) Free() error { return d.mount(syscall.MS_REMOUNT, diskSize) }

// Unmount removes the disk and its content, even while processes use it.
func (d *Disk) Unmount() error {
	if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount disk: %w", err)
	}
	return nil
}

func (d *Disk) mount(flags uintptr, size uint64) error {
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", flags, fmt.Sprintf("mode=0700,size=%d", max(size, 1))); err != nil {
		return fmt.Errorf("mount a disk of %d bytes: %w", size, err)
	}
	return nil
}
