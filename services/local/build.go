package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// daprPackages are Dapr's programs by name, as packages of the module dapr/runtime.
var daprPackages = map[string]string{"daprd": "./daprd", "scheduler": "github.com/dapr/dapr/cmd/scheduler"}

// binDir is where programs are built.
func binDir(root string) string { return filepath.Join(root, ".local", "bin") }

// build builds what is missing or out of date: Dapr's programs, which takes minutes and is done once per version, and the
// services and what makes Kafka's topics, which takes seconds. Several may build at a time.
func build(ctx context.Context, cfg config, log *lines) error {
	bin := binDir(cfg.root)
	unlock, err := waitLock(bin)
	if err != nil {
		return err
	}
	defer unlock()
	if err := buildDapr(ctx, cfg.root, bin, log); err != nil {
		return err
	}
	args := []string{"build", "-v", "-o", bin + string(filepath.Separator), "./infra/topics"}
	for _, name := range cfg.services {
		args = append(args, "./services/"+name)
	}
	return goBuild(ctx, cfg.root, args, "the services", log)
}

// buildDapr builds daprd and the scheduler, unless those of the pinned version are there. The caller has the folder's lock.
func buildDapr(ctx context.Context, root, bin string, log *lines) error {
	runtime := filepath.Join(root, "dapr", "runtime")
	want, err := daprStamp(runtime)
	if err != nil {
		return err
	}
	stamp := filepath.Join(bin, "dapr.stamp")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want && allExist(bin, slices.Sorted(maps.Keys(daprPackages))) {
		return nil
	}

	log.Printf("building Dapr's programs; this takes some minutes and is done once")
	args := []string{"build", "-v", "-trimpath", "-o", bin + string(filepath.Separator)}
	args = slices.AppendSeq(args, maps.Values(daprPackages))
	if err := goBuild(ctx, runtime, args, "Dapr's programs", log); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o600)
}

// daprStamp changes when the programs would.
func daprStamp(runtime string) (string, error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", filepath.Join("daprd", "main.go"), filepath.Join("daprd", "components.go")} {
		b, err := os.ReadFile(filepath.Join(runtime, name))
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func allExist(dir string, names []string) bool {
	for _, name := range names {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// goBuild runs the go command, with -v among its arguments, in the folder. When it takes more than a moment it tells how far
// it is.
func goBuild(ctx context.Context, dir string, args []string, what string, log *lines) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the go command: %w", err)
	}
	began := time.Now()
	var packages atomic.Int64
	stop := every(5*time.Second, func() {
		log.Printf("building %s: %d packages compiled, %v", what, packages.Load(), time.Since(began).Round(time.Second))
	})
	// What is no package's name is an error message.
	var message bytes.Buffer
	for scan := bufio.NewScanner(stderr); scan.Scan(); {
		line := scan.Text()
		if !strings.ContainsAny(line, " :#") {
			packages.Add(1)
			continue
		}
		fmt.Fprintln(&message, line)
	}
	err = cmd.Wait()
	if told := stop(); told && err == nil {
		log.Printf("built %s in %v", what, time.Since(began).Round(time.Second))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(message.Bytes()))
	}
	return nil
}

// every calls f now and then until stop is called, which says whether it ever has.
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
