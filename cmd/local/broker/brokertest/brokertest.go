// Package brokertest helps to test the packages of the brokers.
package brokertest

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/console"
	"taskmaster/cmd/local/supervise"
)

// Password is the password of the brokers that Config describes.
const Password = "the password"

// Config returns the configuration of a broker in a new folder. env is the user's environment.
func Config(t *testing.T, env map[string]string) broker.Config {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return broker.Config{
		Getenv: func(name string) string { return env[name] }, Root: root, Dir: filepath.Join(t.TempDir(), "broker"),
		Self: "local", Ports: [3]int{3901, 3902, 3903}, Address: "127.0.0.1:3901", Password: Password, Token: "the token",
		Log: console.New(io.Discard, 0).Lines("local", nil),
	}
}

// CheckSecret checks that the password is hidden from other users of the machine. It must not be in
// the arguments or the environment of the program, and only the owner may read the files.
func CheckSecret(t *testing.T, program supervise.Program, files ...string) {
	t.Helper()
	for _, visible := range append([]string{program.Path, strings.Join(program.Args, " ")}, program.Env...) {
		if strings.Contains(visible, Password) {
			t.Errorf("the password is in %q", visible)
		}
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
	}
}
