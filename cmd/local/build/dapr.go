package build

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

	"taskmaster/cmd/local/console"
	"taskmaster/dapr"
)

// DaprPrograms holds the paths of Dapr's programs. An empty path stands for the program that is built
// here.
type DaprPrograms struct {
	Daprd, Scheduler string
	// AskApp says that this daprd asks its app for subscriptions, because it is older than the flag that
	// forbids it (1.17). The app answers that there are none besides the files.
	AskApp bool
}

// asksApp reports whether daprd of a version has no flag against asking its app.
func asksApp(version string) bool { return strings.HasPrefix(version, "1.16.") }

// Unbuilt returns the names of the programs that have to be built here.
func (d DaprPrograms) Unbuilt() []string {
	var names []string
	if d.Daprd == "" {
		names = append(names, Daprd)
	}
	if d.Scheduler == "" {
		names = append(names, Scheduler)
	}
	return names
}

// FindDapr chooses Dapr's programs for the repository at root. It takes the programs that DAPRD and
// SCHEDULER name, then those that were built here, then installed ones of a supported version. It
// leaves the path empty for a program that is built or has to be built here.
func FindDapr(ctx context.Context, root string, getenv func(string) string, log *console.Lines) (DaprPrograms, error) {
	chosen, err := chosenDapr(ctx, getenv)
	if err != nil {
		return chosen, err
	}
	missing := chosen.Unbuilt()
	if len(missing) == 0 {
		return chosen, nil
	}
	stamp, err := daprStamp(daprModule(root))
	if err != nil {
		return chosen, err
	}
	missing = slices.DeleteFunc(missing, func(name string) bool { return isBuilt(BinDir(root), name, stamp) })
	if len(missing) == 0 {
		return chosen, nil
	}
	installed, version := installedDapr(ctx, getenv)
	if slices.Contains(missing, Daprd) {
		chosen.Daprd, chosen.AskApp = installed.Daprd, installed.AskApp
	}
	if slices.Contains(missing, Scheduler) {
		chosen.Scheduler = installed.Scheduler
	}
	for _, program := range []string{chosen.Daprd, chosen.Scheduler} {
		if program != "" && (program == installed.Daprd || program == installed.Scheduler) {
			log.Printf("using %s of Dapr %s, which is installed", program, version)
		}
	}
	return chosen, nil
}

// chosenDapr returns the programs that DAPRD and SCHEDULER name. It accepts a daprd of version
// "edge", which was built by hand. The scheduler has no command that prints its version.
func chosenDapr(ctx context.Context, getenv func(string) string) (DaprPrograms, error) {
	d := DaprPrograms{Daprd: getenv("DAPRD"), Scheduler: getenv("SCHEDULER")}
	var errs []error
	for name, program := range map[string]*string{"DAPRD": &d.Daprd, "SCHEDULER": &d.Scheduler} {
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
	if len(errs) == 0 && d.Daprd != "" {
		version, err := daprVersion(ctx, d.Daprd)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("DAPRD: %w", err))
		case version != "edge" && !isSupported(version):
			errs = append(errs, fmt.Errorf("DAPRD: %s is Dapr %s: choose one of %s", d.Daprd, version, strings.Join(dapr.Supported(), ", ")))
		}
		d.AskApp = asksApp(version)
	}
	return d, errors.Join(errs...)
}

// installedDapr returns the first installed programs of a supported version, and the version. It
// searches the PATH and the folder of `dapr init`. It takes a scheduler only with the daprd beside
// it, because the scheduler does not print its version.
func installedDapr(ctx context.Context, getenv func(string) string) (d DaprPrograms, version string) {
	dirs := filepath.SplitList(getenv("PATH"))
	if home := cmp.Or(getenv("HOME"), getenv("USERPROFILE")); home != "" {
		dirs = append(dirs, filepath.Join(home, ".dapr", "bin"))
	}
	for _, dir := range dirs {
		daprd, err := exec.LookPath(filepath.Join(dir, Daprd))
		if err != nil {
			continue
		}
		version, err := daprVersion(ctx, daprd)
		if err != nil || !isSupported(version) {
			continue
		}
		scheduler, err := exec.LookPath(filepath.Join(dir, Scheduler))
		if err != nil {
			scheduler = "" // by default, dapr init runs it in a container
		}
		return DaprPrograms{Daprd: daprd, Scheduler: scheduler, AskApp: asksApp(version)}, version
	}
	return DaprPrograms{}, ""
}

// versionTimeout is how long a program may take to print its version. A busy machine needs seconds.
const versionTimeout = 20 * time.Second

var versionLine = regexp.MustCompile(`^(edge|v?\d+\.\d+\.\d+\S*)\s*$`)

// daprVersion returns the version that daprd prints, such as 1.18.2.
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
		return "", fmt.Errorf("run %s --version: %.300q is no version of Dapr", daprd, out)
	}
	return strings.TrimPrefix(string(match[1]), "v"), nil
}

func isSupported(version string) bool {
	return slices.ContainsFunc(dapr.Supported(), func(minor string) bool { return strings.HasPrefix(version, minor+".") })
}
