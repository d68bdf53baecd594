package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"taskmaster/ci/plan"
)

// targetFlags are those of the verbs that concern a stack.
type targetFlags struct {
	stack, from, to, images, commit string
	takeOver                        bool
}

// target is what they say.
type target struct {
	stack, from plan.Stack
	// images are by service; nil for those that publish is about to make.
	images   map[string]string
	revision string
	// commit is the only one that is promoted; empty for any.
	commit string
	// number is the release that rollback goes to, or 0.
	number   int
	takeOver bool
}

func (t *targetFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&t.stack, "stack", "", "stack that deploy, rollback and preview are about, such as staging")
	flags.StringVar(&t.from, "from", "", "stack that promote takes the release of")
	flags.StringVar(&t.to, "to", "", "stack that promote brings it to; for rollback the number of a release (default the one before)")
	flags.StringVar(&t.commit, "commit", "", "commit that promote brings, and no other (default what -from runs)")
	flags.StringVar(&t.images, "images", "", "what deploy deploys: SERVICE=REPOSITORY@sha256:DIGEST,... (default what publish left in "+plan.Dist+")")
	flags.BoolVar(&t.takeOver, "take-over", false, "end an update of the stack that a cancelled run has left, or that still runs")
}

// targetVerbs are those of which there is one at a time.
var targetVerbs = []string{"deploy", "promote", "rollback", "preview"}

// readTarget returns what the flags mean for the verbs, and every mistake in them.
func (c *config) readTarget(t targetFlags, wanted []string, getenv func(string) string) error {
	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	read := func(flag, name string) (s plan.Stack) {
		s, err := c.readStack(name, getenv)
		if err != nil {
			mistake("-%s: %w", flag, err)
		}
		return s
	}
	chosen := slices.DeleteFunc(slices.Clone(wanted), func(verb string) bool { return !slices.Contains(targetVerbs, verb) })
	if len(chosen) == 0 {
		return nil
	}
	if len(chosen) > 1 {
		mistake("%s: one of these at a time", strings.Join(chosen, ", "))
	}
	c.takeOver = t.takeOver
	switch chosen[0] {
	case "promote":
		c.from, c.stack, c.commit = read("from", t.from), read("to", t.to), t.commit
		if t.from == t.to && t.to != "" {
			mistake("-from and -to are both %s: a release is promoted from one stack to another", t.to)
		}
	case "rollback":
		c.stack = read("stack", t.stack)
		if number, err := strconv.Atoi(t.to); t.to != "" && (err != nil || number < 1) {
			mistake("-to: %q is not the number of a release, such as 7", t.to)
		} else if t.to != "" {
			c.number = number
		}
	case "deploy":
		c.stack = read("stack", t.stack)
		if err := c.readImages(t.images, slices.Contains(wanted, "publish")); err != nil {
			errs = append(errs, err)
		}
	default:
		c.stack = read("stack", t.stack)
	}
	if err := c.checkBackend(getenv); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
