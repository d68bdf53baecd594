package embedded

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
)

// account is whom PostgreSQL's programs run as. They refuse to run as root.
type account struct {
	name       string
	attributes func() *syscall.SysProcAttr

	// own makes the account the owner of all below the folder.
	own func(dir string) error
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

func (a account) try(ctx context.Context, bin, dir string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version")
	cmd.Dir = dir
	cmd.SysProcAttr = a.attributes()
	return cmd.Run()
}
