package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// daprPackages are Dapr's programs by name, as packages of the module dapr/runtime.
var daprPackages = map[string]string{daprdProgram: "./daprd", schedulerProgram: "./scheduler"}

// The names of Dapr's programs.
const (
	daprdProgram     = "daprd"
	schedulerProgram = "scheduler"
)

// binDir is where programs are built.
func binDir(root string) string { return filepath.Join(root, ".local", "bin") }

// build builds Dapr's programs of these names and the services, as far as they are missing or out of date. Dapr's take
// minutes and are built once per version; the services, and the program that makes Kafka's topics, take seconds. Both are
// built side by side, because each fetches modules at first, while a processor has nothing to do. Several may build at a time.
func build(ctx context.Context, cfg config, dapr []string, log *lines, times *stages) error {
	bin := binDir(cfg.root)
	unlock, err := waitLock(bin)
	if err != nil {
		return err
	}
	defer unlock()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return buildDapr(ctx, cfg.root, bin, dapr, log, times) })
	args := []string{"./infra/topics"}
	for _, name := range cfg.services {
		args = append(args, "./services/"+name)
	}
	services := goBuild{what: "the services", dir: cfg.root, out: bin, flags: []string{"-trimpath"}, packages: args}
	group.Go(func() error { return services.run(ctx, log, times) })
	return group.Wait()
}

// buildDapr builds Dapr's programs of these names, unless those of the pinned version are there. The caller has the folder's
// lock.
func buildDapr(ctx context.Context, root, bin string, names []string, log *lines, times *stages) error {
	runtime := daprModule(root)
	want, err := daprStamp(runtime)
	if err != nil {
		return err
	}
	b := goBuild{what: "Dapr's programs", dir: runtime, out: bin, flags: []string{"-trimpath"}}
	for _, name := range names {
		if !isBuilt(bin, name, want) {
			b.packages = append(b.packages, daprPackages[name])
		}
	}
	if len(b.packages) == 0 {
		return nil
	}
	log.Printf("building Dapr's programs; this takes some minutes and is done once")
	if err := b.run(ctx, log, times); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.WriteFile(stampFile(bin, name), []byte(want), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func daprModule(root string) string { return filepath.Join(root, "dapr", "runtime") }

// stampFile is the file with the stamp of the source that one of Dapr's programs was built of.
func stampFile(bin, name string) string { return filepath.Join(bin, name+".stamp") }

// isBuilt reports whether one of Dapr's programs is there and was built of the source with the stamp.
func isBuilt(bin, name, stamp string) bool {
	if _, err := exec.LookPath(filepath.Join(bin, name)); err != nil {
		return false
	}
	have, err := os.ReadFile(stampFile(bin, name))
	return err == nil && string(have) == stamp
}

// daprStamp changes when the programs would.
func daprStamp(runtime string) (string, error) {
	files := []string{filepath.Join(runtime, "go.mod"), filepath.Join(runtime, "go.sum")}
	source, err := filepath.Glob(filepath.Join(runtime, "*", "*.go"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, file := range append(files, source...) {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// goBuild is one run of go build, which puts programs into a folder.
type goBuild struct {
	what     string // of what it makes, for a person
	dir      string // of the module
	out      string
	flags    []string
	packages []string
}

// progressInterval is the time between two reports of progress. Most builds end before the first.
const progressInterval = 5 * time.Second

// run builds. A build that takes longer than progressInterval reports its progress and the time left.
func (b goBuild) run(ctx context.Context, log *lines, times *stages) error {
	fetched := times.begin("fetch modules of " + b.what)
	args := slices.Concat([]string{"build", "-v", "-o", b.out + string(filepath.Separator)}, b.flags, b.packages)
	cmd := b.command(ctx, args)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the go command: %w", err)
	}
	began := time.Now()
	far := &progress{}
	stop := every(progressInterval, func() {
		if !far.hasPlan() {
			// Without a plan the reports only count packages.
			if sizes, err := b.stale(ctx); err == nil {
				far.plan(sizes, time.Now())
			}
		}
		log.Printf("building %s: %s", b.what, far.say(time.Now()))
	})
	var built func()
	message, err := b.follow(stderr, func(line string) {
		if module, ok := strings.CutPrefix(line, "go: downloading "); ok {
			far.fetched(module)
			return
		}
		if built == nil {
			fetched()
			built = times.begin("build " + b.what)
		}
		far.compiled(line)
	})
	if waitErr := cmd.Wait(); waitErr != nil {
		err = waitErr
	}
	if built != nil {
		built()
	}
	if told := stop(); told && err == nil {
		log.Printf("built %s in %v", b.what, time.Since(began).Round(time.Second))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(message))
	}
	return nil
}

func (b goBuild) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// follow calls note for each package and each module that go build names. It returns the other lines, which are error
// messages.
func (b goBuild) follow(r io.Reader, note func(line string)) (message []byte, err error) {
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		line := scan.Text()
		if strings.HasPrefix(line, "go: downloading ") || !strings.ContainsAny(line, " :#") {
			note(line)
			continue
		}
		message = append(append(message, line...), '\n')
	}
	return message, scan.Err()
}

// compiledReason is how the go command tells of a program that is compiled and only has to be linked.
const compiledReason = "not installed but available in build cache"

// stale returns the packages that are yet to be compiled, with the size of their source in bytes.
func (b goBuild) stale(ctx context.Context) (map[string]int64, error) {
	const format = "{{if and .Stale (ne .StaleReason \"" + compiledReason + "\")}}{{.ImportPath}}\t{{.Dir}}{{range .GoFiles}}\t{{.}}{{end}}{{end}}"
	out, err := b.command(ctx, slices.Concat([]string{"list", "-deps", "-f", format}, b.flags, b.packages)).Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", b.what, err)
	}
	sizes := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 2 {
			continue
		}
		var size int64
		for _, name := range fields[2:] {
			if info, err := os.Stat(filepath.Join(fields[1], name)); err == nil {
				size += info.Size()
			}
		}
		sizes[fields[0]] = size
	}
	return sizes, nil
}

// every calls f at each interval until stop is called. stop reports whether f was ever called.
func every(interval time.Duration, f func()) (stop func() bool) {
	end, ended := make(chan struct{}), make(chan bool)
	go func() {
		called := false
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-end:
				ended <- called
				return
			case <-tick.C:
				called = true
				f()
			}
		}
	}()
	return func() bool { close(end); return <-ended }
}
