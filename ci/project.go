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
	p.Go = mod.Go.Version
	if p.Services, err = components(ctx, root, mod.Module.Mod.Path); err != nil {
		return "", p, err
	}
	p.Smoke, err = foldersOf(ctx, root, mod.Module.Mod.Path, "./tests/smoke")
	return root, p, err
}

// components returns the deployable services: the programs in services/. Some have packages below.
func components(ctx context.Context, root, module string) ([]plan.Component, error) {
	const format = `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`
	mains, err := answer(ctx, root, "go", "list", "-f", format, "./services/...")
	if err != nil {
		return nil, fmt.Errorf("list the services: %w", err)
	}
	var found []plan.Component
	for main := range strings.SplitSeq(mains, "\n") {
		name := path.Base(main)
		folders, err := foldersOf(ctx, root, module, "./services/"+name)
		if err != nil {
			return nil, err
		}
		found = append(found, plan.Component{Name: name, Folders: folders})
	}
	return found, nil
}

// foldersOf returns the folders of the repository that a program is built from.
func foldersOf(ctx context.Context, root, module, program string) ([]string, error) {
	imports, err := answer(ctx, root, "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", program)
	if err != nil {
		return nil, fmt.Errorf("list the imports of %s: %w", program, err)
	}
	var folders []string
	for imported := range strings.SplitSeq(imports, "\n") {
		if folder, ours := strings.CutPrefix(imported, module+"/"); ours {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return folders, nil
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
