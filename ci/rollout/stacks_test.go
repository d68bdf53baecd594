package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"taskmaster/ci/plan"
)

// stacks is a fake Pulumi with stacks. It understands the commands in plans and records their
// effects. tests/deploy runs the same commands with the real Pulumi.
type stacks struct {
	root string
	// history (newest first), tags and runs are by stack. runs holds the deployed version.
	history map[string][]map[string]any
	tags    map[string]string
	runs    map[string]string
	// fail returns an error for a step that should fail. It may be nil.
	fail func(plan.Step) error
	// output is the output of a failed command.
	output string
	// steps are the names of all steps that ran.
	steps []string
}

func newStacks(t *testing.T) *stacks {
	t.Helper()
	s := &stacks{root: t.TempDir(), history: map[string][]map[string]any{}, tags: map[string]string{}, runs: map[string]string{}, output: "the last lines"}
	if err := os.MkdirAll(filepath.Join(s.root, plan.Dist), 0o750); err != nil {
		t.Fatal(err)
	}
	return s
}

// do runs a plan.
func (s *stacks) do(ctx context.Context, p plan.Plan) error {
	for _, stage := range p {
		for _, step := range stage {
			s.steps = append(s.steps, step.Name)
			var reason error
			if s.fail != nil {
				reason = s.fail(step)
			}
			if ctx.Err() != nil {
				reason = ctx.Err()
			}
			printed, err := s.command(step, reason != nil)
			if err != nil {
				return err
			}
			if reason != nil && !step.Optional {
				return &plan.StepError{Step: step.Name, Output: s.output, Err: reason}
			}
			if step.Stdout != "" {
				if err := os.WriteFile(filepath.Join(s.root, step.Stdout), printed, 0o600); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// command applies the effect of a command, or a part of it if the command fails.
func (s *stacks) command(step plan.Step, fails bool) ([]byte, error) {
	args := step.Args
	if args[0] != "pulumi" {
		return nil, nil
	}
	stack := args[slices.Index(args, "--stack")+1]
	switch command := strings.Join(args[1:4], " "); {
	case command == "stack history --json":
		if s.history[stack] == nil {
			return []byte("[]"), nil
		}
		return json.Marshal(s.history[stack])
	case command == "stack tag ls":
		return json.Marshal(map[string]string{"releases": s.tags[stack]})
	case command == "stack tag set":
		if !fails {
			s.tags[stack] = args[5]
		}
	case args[1] == "up":
		config := map[string]map[string]any{}
		for i, arg := range args {
			if arg != "--config" {
				continue
			}
			key, value, _ := strings.Cut(args[i+1], "=")
			section, name, _ := strings.Cut(key, ".")
			if config["taskmaster:"+section] == nil {
				config["taskmaster:"+section] = map[string]any{"objectValue": map[string]any{}}
			}
			var typed any = value
			if number, err := strconv.Atoi(value); err == nil {
				typed = number
			}
			config["taskmaster:"+section]["objectValue"].(map[string]any)[name] = typed
		}
		result := "succeeded"
		if fails {
			result = "failed"
		}
		s.history[stack] = slices.Insert(s.history[stack], 0, map[string]any{"kind": "update", "result": result, "config": config})
		s.runs[stack] = fmt.Sprint(config["taskmaster:images"]["objectValue"].(map[string]any)["api"])
		if fails {
			s.runs[stack] += ", in part"
		}
	}
	return nil, nil
}
