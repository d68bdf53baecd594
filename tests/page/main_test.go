// Package page tests the pages as a browser without JavaScript would use them, on the whole running
// system. It fetches addresses, parses the HTML, and fills in and sends forms. The package
// tests/browser covers the scripts.
package page

import (
	"context"
	"fmt"
	"os"
	"testing"

	"taskmaster/tests/system"
)

// shared is the system under test. Each test uses its own users.
var shared *system.System

func TestMain(m *testing.M) {
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "taskmaster-page-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	shared, err = system.Start(context.Background(), system.Config{
		Dir: dir, Services: "web,api,live,recurring",
		Env: map[string]string{"SIGNUP_PER_MINUTE": "10000", "LOGIN_PER_MINUTE": "10000", "RATE_PER_MINUTE_ADDRESS": "0", "RATE_PER_MINUTE_USER": "0"},
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := shared.Stop(); err == nil {
			err = stopErr
		}
	}()
	return m.Run(), nil
}
