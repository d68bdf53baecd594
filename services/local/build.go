package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// daprTags: with the stable components alone there would be no JetStream.
const daprTags = "allcomponents"

var daprPrograms = []string{"daprd", "scheduler"}

// binDir is where programs are built.
func binDir(root string) string { return filepath.Join(root, ".local", "bin") }

// build builds what is missing or out of date: Dapr's programs, which takes minutes and is done once per version, and the
// services, which takes seconds. Several may build at a time.
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
	if len(cfg.services) == 0 {
		return nil
	}
	args := []string{"build", "-o", bin + string(filepath.Separator)}
	for _, name := range cfg.services {
		args = append(args, "./services/"+name)
	}
	return goBuild(ctx, cfg.root, args, nil)
}

// buildDapr builds daprd and the scheduler, unless those of the pinned version are there.
func buildDapr(ctx context.Context, root, bin string, log *lines) error {
	runtime := filepath.Join(root, "dapr", "runtime")
	want, err := daprStamp(runtime)
	if err != nil {
		return err
	}
	stamp := filepath.Join(bin, "dapr.stamp")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want && allExist(bin, daprPrograms) {
		return nil
	}

	log.Printf("building Dapr's programs; this takes some minutes and is done once")
	args := []string{"build", "-v", "-trimpath", "-tags", daprTags, "-o", bin + string(filepath.Separator)}
	for _, name := range daprPrograms {
		args = append(args, "github.com/dapr/dapr/cmd/"+name)
	}
	began := time.Now()
	var packages atomic.Int64
	done := make(chan struct{})
	defer close(done)
	go func() {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				log.Printf("building Dapr's programs: %d packages compiled, %v", packages.Load(), time.Since(began).Round(time.Second))
			}
		}
	}()
	if err := goBuild(ctx, runtime, args, func(string) { packages.Add(1) }); err != nil {
		return err
	}
	log.Printf("built Dapr's programs in %v", time.Since(began).Round(time.Second))
	return os.WriteFile(stamp, []byte(want), 0o600)
}

// daprStamp changes when the programs would.
func daprStamp(runtime string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, daprTags)
	for _, name := range []string{"go.mod", "go.sum"} {
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

// goBuild runs the go command in the folder. progress gets the name of each package that is compiled, if -v is among the
// arguments.
func goBuild(ctx context.Context, dir string, args []string, progress func(pkg string)) error {
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
	// What is no package's name is an error message.
	var message bytes.Buffer
	for scan := bufio.NewScanner(stderr); scan.Scan(); {
		line := scan.Text()
		if progress != nil && !strings.ContainsAny(line, " :#") {
			progress(line)
			continue
		}
		fmt.Fprintln(&message, line)
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(message.Bytes()))
	}
	return nil
}
