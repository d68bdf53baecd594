package build

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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

// daprComponents are the files of Dapr's cmd/daprd/components that register the types in use. The
// others import the SDKs of clouds and databases, whose compilation takes most of the time.
var daprComponents = []string{
	"nameresolution_sqlite.go", "pubsub_jetstream.go", "pubsub_kafka.go", "pubsub_rabbitmq.go", "pubsub_redis.go", "secretstores_local_file.go",
}

// BuildDaprVersion builds Dapr's own daprd and scheduler of a version from its module, unless they
// exist. They are for DAPRD and SCHEDULER.
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
	if _, err := exec.LookPath(filepath.Join(dir, Scheduler)); err == nil {
		if built, err := daprVersion(ctx, filepath.Join(dir, Daprd)); err == nil && built == version {
			return nil
		}
	}
	source := filepath.Join(dir, "source")
	if err := copyDaprSource(ctx, source, version); err != nil {
		return fmt.Errorf("fetch Dapr %s: %w", version, err)
	}
	b.log.Printf("building Dapr %s; this takes some minutes and is done once", version)
	return b.run(ctx, goBuild{
		name: "Dapr " + version, dir: source, out: dir, packages: []string{"./cmd/daprd", "./cmd/scheduler"},
		flags: []string{"-trimpath", "-tags", "allcomponents", "-ldflags", "-X github.com/dapr/dapr/pkg/buildinfo.version=" + version},
	})
}

// copyDaprSource copies the source of a version into a new folder, without the component types that
// are not in use.
func copyDaprSource(ctx context.Context, dir, version string) error {
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
		if slices.Contains(daprComponents, filepath.Base(file)) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}
