package build

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// goBuild is one run of go build, which writes programs into a folder.
type goBuild struct {
	name     string // of the programs, for a person
	dir      string // of the module
	out      string
	flags    []string
	packages []string
}

// progressInterval is the pause between two reports of progress. Most builds end before the first.
const progressInterval = 5 * time.Second

// run runs go build. If that takes longer than progressInterval, it reports the progress and the
// time left.
func (b *Builder) run(ctx context.Context, build goBuild) error {
	endFetch := b.stage("fetch modules of " + build.name)
	args := slices.Concat([]string{"build", "-v", "-o", build.out + string(filepath.Separator)}, build.flags, build.packages)
	cmd := build.command(ctx, args)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("run the go command: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the go command: %w", err)
	}
	began := time.Now()
	p := &progress{}
	stopReports := runPeriodically(progressInterval, func() { b.report(ctx, build, p) })
	var endBuild func()
	message, err := readOutput(stderr, func(line string) {
		if strings.HasPrefix(line, downloading) {
			p.fetched()
			return
		}
		if endBuild == nil {
			endFetch()
			endBuild = b.stage("build " + build.name)
		}
		p.compiled(line)
	})
	if waitErr := cmd.Wait(); waitErr != nil {
		err = waitErr
	}
	if endBuild != nil {
		endBuild()
	}
	if reported := stopReports(); reported && err == nil {
		b.log.Printf("built %s in %v", build.name, time.Since(began).Round(time.Second))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(message))
	}
	return nil
}

// report logs the progress. The first report also plans the rest of the build.
func (b *Builder) report(ctx context.Context, build goBuild, p *progress) {
	if !p.hasPlan() {
		// Without a plan the reports only count packages.
		if sizes, err := build.stale(ctx); err == nil {
			p.plan(sizes, time.Now())
		}
	}
	b.log.Printf("building %s: %s", build.name, p.describe(time.Now()))
}

func (build goBuild) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = build.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// downloading starts the go command's line about a module that it fetches.
const downloading = "go: downloading "

// readOutput calls note for each package and each module that go build names. It returns the other
// lines, which are error messages.
func readOutput(r io.Reader, note func(line string)) (message []byte, err error) {
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		line := scan.Text()
		if strings.HasPrefix(line, downloading) || !strings.ContainsAny(line, " :#") {
			note(line)
			continue
		}
		message = append(append(message, line...), '\n')
	}
	return message, scan.Err()
}

// linkReason is the go command's reason for a program that is compiled and only has to be linked.
const linkReason = "not installed but available in build cache"

// stale returns the packages that are not compiled yet, with the size of their source in bytes.
func (build goBuild) stale(ctx context.Context) (map[string]int64, error) {
	const format = "{{if and .Stale (ne .StaleReason \"" + linkReason + "\")}}{{.ImportPath}}\t{{.Dir}}{{range .GoFiles}}\t{{.}}{{end}}{{end}}"
	out, err := build.command(ctx, slices.Concat([]string{"list", "-deps", "-f", format}, build.flags, build.packages)).Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", build.name, err)
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

// runPeriodically calls fn after every interval until stop is called. stop waits for the last call,
// and reports whether there was any.
func runPeriodically(interval time.Duration, fn func()) (stop func() bool) {
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
				fn()
			}
		}
	}()
	return func() bool { close(end); return <-ended }
}
