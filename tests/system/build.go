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

// Supervisor returns the program of services/local, built from the source as it is, with everything that it runs. The
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
	program := filepath.Join(root, ".local", "bin", "local")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	for _, command := range [][]string{{"go", "build", "-o", program, "./services/local"}, {program, "build"}} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build the system by %v: %w\n%s", command, err, out)
		}
	}
	return program, nil
}

// dependOnSource looks at every file that a system is made of. The go command keeps the results of tests and repeats them
// while the files that they looked at are the same; what a test runs as another program it would not know to have changed.
func dependOnSource() error {
	root, err := Root()
	if err != nil {
		return err
	}
	for _, dir := range []string{"services", "dapr"} {
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
