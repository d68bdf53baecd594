// Command schema sends requests to the whole system that Schemathesis makes from the API's own document,
// also those that follow from earlier answers (stateful links):
//
//	go run ./tests/schema
//
// Each answer has to be one that the document has. The program starts the system with a user of its own, and
// installs Schemathesis from PyPI into .local/schema. schemathesis.toml lists the exceptions with their
// reasons, and how long a run takes.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"taskmaster/internal/cli"
	"taskmaster/tests/system"
)

// stopWait is how long Schemathesis may take to end after an interrupt.
const stopWait = 10 * time.Second

func main() {
	cli.Main(func(ctx context.Context) int { return cli.Status(os.Stderr, "schema", command(ctx, os.Args[1:])) })
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("schema", flag.ContinueOnError)
	budget := flags.Duration("for", 90*time.Second, "time for the requests")
	seed := flags.Int("seed", 1, "seed of the requests")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *budget < time.Second {
		return cli.Usage(errors.New("there are no arguments, and -for is a second or more"))
	}
	root, err := system.Root()
	if err != nil {
		return err
	}
	own := filepath.Join(root, "tests", "schema")
	program, err := install(ctx, own, filepath.Join(root, ".local", "schema"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "taskmaster-schema-")
	if err != nil {
		return fmt.Errorf("create a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	s, err := system.Start(ctx, system.Config{Dir: filepath.Join(dir, "system"), Broker: "nats", Env: map[string]string{
		"RATE_PER_MINUTE": "0", "RATE_PER_MINUTE_ADDRESS": "0", "RATE_PER_MINUTE_USER": "0", "LOGIN_PER_MINUTE": "1000000", "SIGNUP_PER_MINUTE": "1000000",
	}})
	if err != nil {
		return err
	}
	err = test(ctx, s, program, own, *budget, *seed)
	if err != nil {
		err = errors.Join(err, s.KeepLog(""))
	}
	return errors.Join(err, s.Stop())
}

// test runs Schemathesis with an API token of a new user.
func test(ctx context.Context, s *system.System, program, own string, budget time.Duration, seed int) error {
	p, err := s.SignUp(ctx)
	if err != nil {
		return err
	}
	var made struct {
		Secret string `json:"token"`
	}
	err = p.Do(ctx, "POST", "/tokens", map[string]any{"name": "schema", "scopes": []string{"tasks:read", "tasks:write", "account"}, "password": p.Password}, &made)
	if err != nil {
		return err
	}
	if made.Secret == "" {
		return errors.New("the answer has no token")
	}
	cmd := exec.CommandContext(ctx, program, "--config-file", filepath.Join(own, "schemathesis.toml"), "--no-color", "run", s.URL+"/api/v1/openapi.json",
		"--max-time", fmt.Sprint(int(budget.Seconds())), "--seed", fmt.Sprint(seed))
	cmd.Dir = s.Dir // Schemathesis keeps files in its working directory
	cmd.Env = append(os.Environ(), "API_TOKEN="+made.Secret)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, stopWait
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("schemathesis: %w", err)
	}
	return nil
}

// install installs the versions of requirements.txt in a folder, unless they are there. It returns the path
// of Schemathesis.
func install(ctx context.Context, own, parent string) (program string, err error) {
	pins := filepath.Join(own, "requirements.txt")
	content, err := os.ReadFile(pins)
	if err != nil {
		return "", fmt.Errorf("read the versions: %w", err)
	}
	dir := filepath.Join(parent, fmt.Sprintf("%x", sha256.Sum256(content))[:12])
	program = filepath.Join(dir, "bin", "st")
	complete := filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return program, nil
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--requirement", pins},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("install Schemathesis: %w", err)
		}
	}
	if err := os.WriteFile(complete, nil, 0o600); err != nil {
		return "", fmt.Errorf("install Schemathesis: %w", err)
	}
	return program, nil
}
