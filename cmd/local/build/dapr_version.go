package build

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"taskmaster/dapr"
	"taskmaster/internal/lock"
)

// DaprVersionDir returns the folder of Dapr's own programs of a version.
func DaprVersionDir(root, version string) string {
	return filepath.Join(root, ".local", "dapr-"+version)
}

// BuildDaprVersion builds Dapr's own daprd and scheduler of a version from its module, with the
// component types of this project's daprd. It builds nothing if they were built from the same source
// of dapr/runtime before. They are for DAPRD and SCHEDULER.
func (b *Builder) BuildDaprVersion(ctx context.Context, version string) error {
	if !isSupported(version) {
		return fmt.Errorf("build Dapr %s: choose one of %s, with its patch version", version, strings.Join(dapr.Supported(), ", "))
	}
	dir := DaprVersionDir(b.root, version)
	unlock, err := lock.Wait(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	stamp, err := daprStamp(daprModule(b.root))
	if err != nil {
		return err
	}
	if isBuilt(dir, Daprd, stamp) && isBuilt(dir, Scheduler, stamp) {
		return nil
	}
	source := filepath.Join(dir, "source")
	if err := copyDaprSource(ctx, b.root, source, version); err != nil {
		return fmt.Errorf("fetch Dapr %s: %w", version, err)
	}
	b.log.Printf("building Dapr %s; this takes some minutes and is done once", version)
	if err := b.run(ctx, goBuild{
		name: "Dapr " + version, dir: source, out: dir, packages: []string{"./cmd/daprd", "./cmd/scheduler"},
		flags: []string{"-trimpath", "-tags", "allcomponents", "-ldflags", "-X github.com/dapr/dapr/pkg/buildinfo.version=" + version},
	}); err != nil {
		return err
	}
	return writeStamps(dir, stamp, Daprd, Scheduler)
}

// copyDaprSource copies the source of a version into a new folder. It leaves out the files that
// register component types which this project's daprd lacks. They import the SDKs of clouds and
// databases, whose compilation takes most of the time.
func copyDaprSource(ctx context.Context, root, dir, version string) error {
	used, err := contribImports(filepath.Join(daprModule(root), "daprd", "components.go"))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/dapr/dapr@v"+version)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &module); module.Error != "" || err != nil || jsonErr != nil {
		return fmt.Errorf("go mod download: %w: %s", cmp.Or(err, jsonErr), module.Error)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(module.Dir)); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "cmd", "daprd", "components", "*_*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		imports, err := contribImports(file)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(imports, func(path string) bool { return slices.Contains(used, path) }) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// contribImports returns the packages with implementations of components that a Go file imports.
func contribImports(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("read the imports of %s: %w", file, err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		if path := strings.Trim(spec.Path.Value, `"`); strings.HasPrefix(path, "github.com/dapr/components-contrib/") {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
