package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"dagger.io/dagger"
)

// containerPrograms are the programs that Dagger starts its engine with, in this order.
var containerPrograms = []string{"docker", "podman", "nerdctl", "finch", "container"}

// engineVariables name a running engine: that of `dagger run`, one elsewhere, or Dagger's cloud.
var engineVariables = []string{"DAGGER_SESSION_PORT", "_EXPERIMENTAL_DAGGER_RUNNER_HOST", "DAGGER_CLOUD_ENGINE"}

// Connect connects to the engine of `dagger run`, or fetches Dagger and starts an engine. The engine
// may have been started in any folder. Therefore a Runner uses absolute paths, and Connect sets no
// folder: `dagger run` refuses that.
func Connect(ctx context.Context, log io.Writer) (*dagger.Client, error) {
	installed := func(program string) bool {
		_, err := exec.LookPath(program)
		return err == nil
	}
	named := func(variable string) bool { return os.Getenv(variable) != "" }
	if !slices.ContainsFunc(engineVariables, named) && !slices.ContainsFunc(containerPrograms, installed) {
		return nil, errors.New("no container engine: install Docker or Podman, name a Dagger engine elsewhere in _EXPERIMENTAL_DAGGER_RUNNER_HOST, " +
			"or run the steps on this machine with -local")
	}
	client, err := dagger.Connect(ctx, dagger.WithLogOutput(log))
	if err != nil {
		return nil, fmt.Errorf("connect to the Dagger engine: %w (-local runs without it)", err)
	}
	return client, nil
}
