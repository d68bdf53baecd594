package system

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// DeadLetter is a dead letter as an operator sees it.
type DeadLetter struct {
	ID, State string
	// Line is its line in the list. Text is the output of show.
	Line, Text string
}

var deadLetterLine = regexp.MustCompile(`\s(waiting|replayed|discarded)\s+([0-9a-f-]{36})\s`)

// DeadLetters returns all stored dead letters.
func (s *System) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	list, err := s.Operate(ctx, "dead-letters", "list", "-all")
	if err != nil {
		return nil, err
	}
	var found []DeadLetter
	for line := range strings.Lines(list) {
		match := deadLetterLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		d := DeadLetter{ID: match[2], State: match[1], Line: strings.TrimSpace(line)}
		if d.Text, err = s.Operate(ctx, "dead-letters", "show", d.ID); err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}

// Operate runs one of api's commands as an operator does, and returns its output.
func (s *System) Operate(ctx context.Context, args ...string) (string, error) {
	state, err := s.State()
	if err != nil {
		return "", err
	}
	api, err := Bin("api")
	if err != nil {
		return "", err
	}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, api, args...)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+state.DatabaseURL)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("api %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String(), nil
}
