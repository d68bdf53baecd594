package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// account is whom PostgreSQL's programs run as. They refuse to run as root.
type account struct {
	name       string
	attributes func() *syscall.SysProcAttr

	// own makes the account the owner of all below the folder.
	own func(dir string) error
}

// command returns a command that runs as the account, from the root folder: it may not be let into the current one.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = string(filepath.Separator)
	cmd.SysProcAttr = a.attributes()
	return cmd
}

// chooseAccount returns the first account that can run the programs and enter the folder, and gives it the folder.
func chooseAccount(ctx context.Context, bin, dir string) (account, error) {
	var errs []error
	for _, as := range accounts() {
		err := as.own(dir)
		if err == nil {
			err = as.try(ctx, bin, dir)
		}
		if err == nil {
			return as, nil
		}
		errs = append(errs, fmt.Errorf("as %s: %w", as.name, err))
	}
	return account{}, fmt.Errorf("PostgreSQL cannot be run (as root it needs user namespaces, or a folder that the user postgres or nobody can enter): %w", errors.Join(errs...))
}

// run runs a command to its end and returns an error that tells what it wrote.
func run(cmd *exec.Cmd) error {
	// The command is ended when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
	}
	return nil
}
