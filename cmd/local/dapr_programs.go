package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// supportedDapr are the versions of Dapr that the system is known to run with.
var supportedDapr = []string{"1.16", "1.17", "1.18"}

// daprPrograms are the programs of Dapr that run. An empty path is the program that is built here.
type daprPrograms struct {
	daprd, scheduler string
}

// unbuilt returns the names of the programs that have to be built here.
func (d daprPrograms) unbuilt() []string {
	var names []string
	if d.daprd == "" {
		names = append(names, daprdProgram)
	}
	if d.scheduler == "" {
		names = append(names, schedulerProgram)
	}
	return names
}

// findDapr chooses Dapr's programs: those that DAPRD and SCHEDULER name, else those that were built here, else installed ones
// of a supported version, which need not be compiled, else those that will be built.
func findDapr(ctx context.Context, cfg config, log *lines) (daprPrograms, error) {
	chosen, err := chosenDapr(ctx, cfg.getenv)
	if err != nil {
		return chosen, err
	}
	missing := chosen.unbuilt()
	if len(missing) == 0 {
		return chosen, nil
	}
	stamp, err := daprStamp(daprModule(cfg.root))
	if err != nil {
		return chosen, err
	}
	missing = slices.DeleteFunc(missing, func(name string) bool { return isBuilt(binDir(cfg.root), name, stamp) })
	if len(missing) == 0 {
		return chosen, nil
	}
	installed, version := installedDapr(ctx, cfg.getenv)
	if slices.Contains(missing, daprdProgram) {
		chosen.daprd = installed.daprd
	}
	if slices.Contains(missing, schedulerProgram) {
		chosen.scheduler = installed.scheduler
	}
	for _, program := range []string{chosen.daprd, chosen.scheduler} {
		if program != "" && (program == installed.daprd || program == installed.scheduler) {
			log.Printf("using %s of Dapr %s, which is installed", program, version)
		}
	}
	return chosen, nil
}

// chosenDapr returns the programs that the user chose by DAPRD and SCHEDULER. A daprd that was built by hand has the version
// "edge": the user answers for it. The scheduler does not tell its version.
func chosenDapr(ctx context.Context, getenv func(string) string) (daprPrograms, error) {
	d := daprPrograms{daprd: getenv("DAPRD"), scheduler: getenv("SCHEDULER")}
	var errs []error
	for name, program := range map[string]*string{"DAPRD": &d.daprd, "SCHEDULER": &d.scheduler} {
		if *program == "" {
			continue
		}
		found, err := exec.LookPath(*program)
		if err == nil {
			found, err = filepath.Abs(found)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		*program = found
	}
	if len(errs) == 0 && d.daprd != "" {
		version, err := daprVersion(ctx, d.daprd)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("DAPRD: %w", err))
		case version != "edge" && !isSupported(version):
			errs = append(errs, fmt.Errorf("DAPRD: %s is Dapr %s: choose one of %s", d.daprd, version, strings.Join(supportedDapr, ", ")))
		}
	}
	return d, errors.Join(errs...)
}

// installedDapr returns the installed programs of a supported version, and the version: of the PATH, or of the folder in
// which `dapr init` puts them. A scheduler counts beside its daprd alone, because it does not tell its version.
func installedDapr(ctx context.Context, getenv func(string) string) (d daprPrograms, version string) {
	dirs := filepath.SplitList(getenv("PATH"))
	if home := cmp.Or(getenv("HOME"), getenv("USERPROFILE")); home != "" {
		dirs = append(dirs, filepath.Join(home, ".dapr", "bin"))
	}
	for _, dir := range dirs {
		daprd, err := exec.LookPath(filepath.Join(dir, daprdProgram))
		if err != nil {
			continue
		}
		version, err := daprVersion(ctx, daprd)
		if err != nil || !isSupported(version) {
			continue
		}
		scheduler, err := exec.LookPath(filepath.Join(dir, schedulerProgram))
		if err != nil {
			scheduler = "" // dapr init runs it in a container, unless told otherwise
		}
		return daprPrograms{daprd: daprd, scheduler: scheduler}, version
	}
	return daprPrograms{}, ""
}

// versionTimeout is how long a program may take to tell its version. It is long for a busy machine.
const versionTimeout = 20 * time.Second

var versionLine = regexp.MustCompile(`^(edge|v?\d+\.\d+\.\d+\S*)\s*$`)

// daprVersion asks daprd for its version, such as 1.18.2.
func daprVersion(ctx context.Context, daprd string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, daprd, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s --version: %w", daprd, err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return "", fmt.Errorf("run %s --version: %q is no version of Dapr", daprd, oneLine(string(out)))
	}
	return strings.TrimPrefix(string(match[1]), "v"), nil
}

func isSupported(version string) bool {
	return slices.ContainsFunc(supportedDapr, func(minor string) bool { return strings.HasPrefix(version, minor+".") })
}
