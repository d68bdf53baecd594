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

// account is a user account that runs PostgreSQL's programs. They refuse to run as root.
type account struct {
	name       string
	attributes func() *syscall.SysProcAttr

	// own makes the account the owner of everything below a folder.
	own func(dir string) error
}

// command returns a command that runs as the account. It runs in the root folder, because the
// account may lack access to the current one.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = string(filepath.Separator)
	cmd.SysProcAttr = a.attributes()
	return cmd
}

// chooseAccount returns the first account that can run the programs and enter the folder. It makes
// that account the owner of the folder.
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

// run runs a command to its end. Its error contains the command's output.
func run(cmd *exec.Cmd) error {
	// The kernel kills the command when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
	}
	return nil
}
