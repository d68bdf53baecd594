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

// Supervisor returns the path of the program of cmd/local, built from the current source together
// with everything that it runs. The first call in a process builds. On a machine without built
// sidecars that takes minutes.
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
		return "", fmt.Errorf("create the programs' folder: %w", err)
	}
	// Other processes may build at the same time and run the results. Each builds in a folder of
	// its own and then moves the program in one step.
	own, err := os.MkdirTemp(filepath.Dir(bin), "build-")
	if err != nil {
		return "", fmt.Errorf("create a build folder: %w", err)
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
		return "", fmt.Errorf("install the supervisor: %w", err)
	}
	return program, runIn(ctx, root, program, "build")
}

// runIn runs a build command in a folder.
func runIn(ctx context.Context, dir string, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the system by %v: %w\n%s", command, err, out)
	}
	return nil
}

// dependOnSource reads the state of every source file of the system. The go command repeats a
// cached test result while the files that the test has read are unchanged. It does not know the
// files behind a program that the test runs.
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
				return nil // an editor's temporary file
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read the source under test: %w", err)
		}
	}
	return nil
}

// Bin returns the path of a program that the supervisor builds, such as daprd.
func Bin(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".local", "bin", name), nil
}
