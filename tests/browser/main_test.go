//go:build browser

// Package browser tests the pages in a real browser: Debian's Chromium, driven by the DevTools
// protocol. The whole system runs as with `make run`.
//
// All tests share one system and one Chromium. A device is a browser profile with its own network
// connection, which tests can break. A window is a tab of a device. The tests save screenshots of
// every view in out.
package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// arrival is the longest time for any effect to appear. It is generous, because the machine may be
// busy and no test measures time.
const arrival = time.Minute

// outDir is the folder for screenshots and for the logs of failed tests.
const outDir = "out"

// shared is used by all tests.
var shared struct {
	*system.System
	push     *system.PushService
	chromium context.Context
	links    chan *system.Link
}

// maxDevices is the largest number of devices at a time.
const maxDevices = 8

func TestMain(m *testing.M) {
	status, err := runShared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func runShared(m *testing.M) (status int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "taskmaster-browser-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.RemoveAll(outDir), os.MkdirAll(outDir, 0o755)); err != nil { // removes the files of an earlier run
		return 0, err
	}

	var closeChromium func()
	if shared.chromium, closeChromium, err = startChromium(ctx, filepath.Join(dir, "profile")); err != nil {
		return 0, err
	}
	defer closeChromium()
	shared.push = system.ReceivePush()
	defer shared.push.Close()

	closeLinks, err := makeLinks(ctx)
	if err != nil {
		return 0, err
	}
	defer closeLinks()
	shared.System, err = system.Start(ctx, system.Config{Dir: filepath.Join(dir, "system"), Env: map[string]string{
		"PING_INTERVAL":          "5s", // so that tests detect a silence soon
		"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0",
		"LOGIN_PER_MINUTE": "100000", "SIGNUP_PER_MINUTE": "100000", "RATE_PER_MINUTE": "0",
		"RATE_PER_MINUTE_USER": "0", "RATE_PER_MINUTE_ADDRESS": "0",
	}})
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, shared.Stop())
		if err != nil || status != 0 {
			keepLog()
		}
	}()
	return m.Run(), nil
}

// makeLinks creates a link to the system for every possible device. The pages have the link's
// origin, which is not configured anywhere. Each device has its own cookies and service workers.
func makeLinks(ctx context.Context) (closeAll func(), err error) {
	shared.links = make(chan *system.Link, maxDevices)
	var links []*system.Link
	closeAll = func() {
		for _, link := range links {
			link.Close()
		}
	}
	for range maxDevices {
		link, err := system.NewLink(ctx, func() (string, error) { return strings.TrimPrefix(shared.URL, "http://"), nil })
		if err != nil {
			closeAll()
			return nil, err
		}
		links = append(links, link)
		shared.links <- link
	}
	return closeAll, nil
}

// keepLog saves the system's log beyond the end of the tests.
func keepLog() {
	file, err := os.Create(filepath.Join(outDir, "system.log"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "keep log:", err)
		return
	}
	defer file.Close()
	_, _ = io.WriteString(file, shared.Tail(1<<30)+"\n")
	fmt.Fprintln(os.Stderr, "the system's log is in", file.Name())
}

// within returns a context with the deadline for an expected effect.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), arrival)
	t.Cleanup(cancel)
	return ctx
}
