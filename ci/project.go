package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"taskmaster/ci/plan"
)

// readTimeout limits each call of git and go.
const readTimeout = 2 * time.Minute

// readProject asks git and go about the repository of the working directory.
func readProject(ctx context.Context) (root string, p plan.Project, err error) {
	root, err = answer(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", p, fmt.Errorf("find the repository: %w", err)
	}
	commit, err := answer(ctx, root, "git", "log", "-1", "--format=%H %cI")
	if err != nil {
		return "", p, fmt.Errorf("find the commit: %w", err)
	}
	revision, at, _ := strings.Cut(commit, " ")
	if p.Time, err = time.Parse(time.RFC3339, at); err != nil {
		return "", p, fmt.Errorf("read the commit's time: %w", err)
	}
	changed, err := answer(ctx, root, "git", "status", "--porcelain")
	if err != nil {
		return "", p, fmt.Errorf("look for changes: %w", err)
	}
	p.Revision = revision
	if changed != "" {
		// A build with uncommitted changes must not look like a build of the commit.
		p.Revision += "-changed"
	}
	// A repository without a remote has no address. That is allowed.
	if remote, err := answer(ctx, root, "git", "remote", "get-url", "origin"); err == nil {
		p.Source = webAddress(remote)
	}
	raw, err := os.ReadFile(filepath.Join(root, "go.mod")) //nolint:gosec // the repository's own
	if err != nil {
		return "", p, err
	}
	mod, err := modfile.ParseLax("go.mod", raw, nil)
	if err != nil {
		return "", p, fmt.Errorf("read go.mod: %w", err)
	}
	p.Services, p.Smoke, err = readPrograms(ctx, root, mod.Module.Mod.Path)
	return root, p, err
}

// readPrograms returns the deployable services, and the folders that the smoke test is built from. A
// service may have packages below its folder.
func readPrograms(ctx context.Context, root, module string) (services []plan.Component, smoke []string, err error) {
	const (
		smokeDir = "tests/smoke"
		format   = `{{if eq .Name "main"}}{{.ImportPath}} {{join .Deps " "}}{{end}}`
	)
	// One call, because each takes seconds on a busy machine.
	mains, err := answer(ctx, root, "go", "list", "-f", format, "./services/...", "./"+smokeDir)
	if err != nil {
		return nil, nil, fmt.Errorf("list the programs: %w", err)
	}
	for main := range strings.SplitSeq(mains, "\n") {
		var folders []string
		for _, imported := range strings.Fields(main) {
			if folder, ours := strings.CutPrefix(imported, module+"/"); ours {
				folders = append(folders, folder)
			}
		}
		program := folders[0]
		slices.Sort(folders)
		if program == smokeDir {
			smoke = folders
		} else {
			services = append(services, plan.Component{Name: path.Base(program), Folders: folders})
		}
	}
	return services, smoke, nil
}

// webAddress turns the address of a remote into the address of its page. It removes credentials.
func webAddress(remote string) string {
	remote = strings.TrimSuffix(remote, ".git")
	if rest, ok := strings.CutPrefix(remote, "git@"); ok {
		host, path, _ := strings.Cut(rest, ":")
		return "https://" + host + "/" + path
	}
	scheme, rest, ok := strings.Cut(remote, "://")
	if !ok || scheme != "https" {
		return ""
	}
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	return "https://" + rest
}

// answer runs a program and returns its output.
func answer(ctx context.Context, dir, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
