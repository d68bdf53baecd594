// Package build builds the programs of the system from source into .local/bin of the repository. It
// also finds programs of Dapr that are installed, which need not be built.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"taskmaster/cmd/local/console"
	"taskmaster/internal/lock"
)

// The names of Dapr's programs. A package of the same name in dapr/runtime has the source.
const (
	Daprd     = "daprd"
	Scheduler = "scheduler"
)

// BinDir returns the folder of the built programs.
func BinDir(root string) string { return filepath.Join(root, ".local", "bin") }

// Builder builds programs of one repository.
type Builder struct {
	root  string
	log   *console.Lines
	stage func(name string) (end func())
}

// New returns a builder for the repository at root. It logs progress to log. It calls stage at the
// beginning of each step, and end when the step is over.
func New(root string, log *console.Lines, stage func(name string) (end func())) *Builder {
	return &Builder{root: root, log: log, stage: stage}
}

// Build builds the services, the program that creates Kafka's topics, and the named programs of
// Dapr, as far as they are missing or out of date. Dapr's programs take minutes, once per version;
// the others take seconds. All are built side by side: at first each fetches modules, which leaves
// the processors idle. Several processes may build at the same time.
func (b *Builder) Build(ctx context.Context, services, dapr []string) error {
	unlock, err := lock.Wait(BinDir(b.root))
	if err != nil {
		return err
	}
	defer unlock()
	packages := []string{"./infra/topics"}
	for _, name := range services {
		packages = append(packages, "./services/"+name)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.buildDapr(ctx, dapr) })
	group.Go(func() error {
		return b.run(ctx, goBuild{
			name: "the services", dir: b.root, out: BinDir(b.root), flags: []string{"-trimpath"}, packages: packages,
		})
	})
	return group.Wait()
}

// BuildDapr builds the named programs of Dapr, unless those of the pinned version exist.
func (b *Builder) BuildDapr(ctx context.Context, names ...string) error {
	unlock, err := lock.Wait(BinDir(b.root))
	if err != nil {
		return err
	}
	defer unlock()
	return b.buildDapr(ctx, names)
}

// buildDapr builds the named programs of Dapr. The caller holds the folder's lock.
func (b *Builder) buildDapr(ctx context.Context, names []string) error {
	bin, module := BinDir(b.root), daprModule(b.root)
	want, err := daprStamp(module)
	if err != nil {
		return err
	}
	build := goBuild{name: "Dapr's programs", dir: module, out: bin, flags: []string{"-trimpath"}}
	for _, name := range names {
		if !isBuilt(bin, name, want) {
			build.packages = append(build.packages, "./"+name)
		}
	}
	if len(build.packages) == 0 {
		return nil
	}
	b.log.Printf("building Dapr's programs; this takes some minutes and is done once")
	if err := b.run(ctx, build); err != nil {
		return err
	}
	return writeStamps(bin, want, names...)
}

func daprModule(root string) string { return filepath.Join(root, "dapr", "runtime") }

// stampFile returns the file with the stamp of the source that a program of Dapr was built from.
func stampFile(bin, name string) string { return filepath.Join(bin, name+".stamp") }

// writeStamps records that programs were built from the source with the stamp.
func writeStamps(bin, stamp string, names ...string) error {
	for _, name := range names {
		if err := os.WriteFile(stampFile(bin, name), []byte(stamp), 0o600); err != nil {
			return fmt.Errorf("mark %s as built: %w", name, err)
		}
	}
	return nil
}

// isBuilt reports whether a program of Dapr exists and was built from the source with the stamp.
func isBuilt(bin, name, stamp string) bool {
	if _, err := exec.LookPath(filepath.Join(bin, name)); err != nil {
		return false
	}
	have, err := os.ReadFile(stampFile(bin, name))
	return err == nil && string(have) == stamp
}

// daprStamp returns a hash of the source and the pinned modules of Dapr's programs.
func daprStamp(module string) (string, error) {
	files := []string{filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")}
	source, err := filepath.Glob(filepath.Join(module, "*", "*.go"))
	if err != nil {
		return "", fmt.Errorf("list the source of Dapr's programs: %w", err)
	}
	h := sha256.New()
	for _, file := range append(files, source...) {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the source of Dapr's programs: %w", err)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
