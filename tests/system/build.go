package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

var built struct {
	once    sync.Once
	program string
	err     error
}

// Supervisor returns the program of cmd/local, built from the source as it is, with everything that it runs. The
// first call in a process builds; on a machine without built sidecars that takes minutes.
func Supervisor(ctx context.Context) (string, error) {
	built.once.Do(func() { built.program, built.err = buildSupervisor(ctx) })
	return built.program, built.err
}

func buildSupervisor(ctx context.Context) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".local", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return "", fmt.Errorf("make the programs' folder: %w", err)
	}
	// Others may build at the same time, and run what they have built: each builds on its own, and puts it there whole.
	own, err := os.MkdirTemp(filepath.Dir(bin), "build-")
	if err != nil {
		return "", fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(own)
	name := "local"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	program := filepath.Join(bin, name)
	if err := runIn(ctx, root, "go", "build", "-o", filepath.Join(own, name), "./cmd/local"); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(own, name), program); err != nil {
		return "", fmt.Errorf("put the supervisor where it runs: %w", err)
	}
	return program, runIn(ctx, root, program, "build")
}

// runIn runs a command that builds, in a folder.
func runIn(ctx context.Context, dir string, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the system by %v: %w\n%s", command, err, out)
	}
	return nil
}

// dependOnSource looks at every file that a system is made of. The go command keeps the results of tests and repeats them
// while the files that they looked at are the same; what a test runs as another program it would not know to have changed.
func dependOnSource() error {
	root, err := Root()
	if err != nil {
		return err
	}
	for _, dir := range []string{"cmd", "internal", "services", "dapr"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil // an editor's, gone already
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look at what is tested: %w", err)
		}
	}
	return nil
}

// Bin returns the path of a program that the supervisor builds or runs, such as daprd.
func Bin(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".local", "bin", name), nil
}
