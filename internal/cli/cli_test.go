package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	parse := func(args ...string) error {
		flags := flag.NewFlagSet("tool", flag.ContinueOnError)
		flags.SetOutput(&bytes.Buffer{})
		return Parse(flags, args)
	}
	for name, c := range map[string]struct {
		err    error
		status int
		out    string
	}{
		"success":           {nil, 0, ""},
		"no problems":       {Usage(), 0, ""},
		"help":              {parse("-h"), 0, ""},
		"unknown flag":      {parse("-unknown"), 2, ""}, // printed by the flag package
		"invalid arguments": {Usage(errors.New("-a: one"), errors.New("-b: two")), 2, "tool: -a: one\ntool: -b: two\n"},
		"failure":           {fmt.Errorf("open: %w", os.ErrNotExist), 1, "tool: open: file does not exist\n"},
	} {
		printed.Reset()
		if got := Status(&printed, "tool", c.err); got != c.status {
			t.Errorf("%s: status %d, want %d", name, got, c.status)
		}
		if got := printed.String(); got != c.out {
			t.Errorf("%s: printed %q, want %q", name, got, c.out)
		}
	}
}
