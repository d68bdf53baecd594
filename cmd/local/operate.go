package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// operateStop is how long a command of api may take to end after Ctrl-C.
const operateStop = 5 * time.Second

// runningPage returns the URL of the page of the system that runs in the folder, or the one with the
// default port.
func runningPage(cfg config) string {
	var state systemState
	raw, err := os.ReadFile(systemFile(cfg.dir))
	if err == nil && json.Unmarshal(raw, &state) == nil && state.URL != "" {
		return state.URL
	}
	return "http://localhost:8080"
}

// operate runs a command of the program api on the installation's database. It starts the database
// unless it runs. It returns the exit status of the command.
func operate(ctx context.Context, cfg config, stdout, stderr io.Writer) (status int) {
	if len(cfg.args) == 0 {
		return exitStatus(errors.New("name a command of api, such as events tail"))
	}
	program := plan{cfg: cfg}.bin("api")
	if _, err := os.Stat(program); err != nil {
		return exitStatus(fmt.Errorf("find the program api, which make run builds: %w", err))
	}
	url, _, stop, err := databaseOf(ctx, cfg)
	if err != nil {
		return exitStatus(err)
	}
	defer func() { status = max(status, exitStatus(stop())) }()
	cmd := exec.CommandContext(ctx, program, cfg.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "DATABASE_URL="+url), stdout, stderr
	if cfg.getenv("PUBLIC_URL") == "" {
		cmd.Env = append(cmd.Env, "PUBLIC_URL="+runningPage(cfg))
	}
	if cfg.getenv("CHANNEL_KEYS") == "" {
		s, err := loadSecrets(cfg.dir)
		if err != nil {
			return exitStatus(err)
		}
		cmd.Env = append(cmd.Env, "CHANNEL_KEYS="+s.ChannelKeys)
	}
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, operateStop
	if err := cmd.Run(); cmd.ProcessState == nil {
		return exitStatus(fmt.Errorf("run api: %w", err))
	}
	return cmd.ProcessState.ExitCode()
}
