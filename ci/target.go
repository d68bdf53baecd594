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

// targetFlags are the flags of the commands that work on a stack.
type targetFlags struct {
	stack, from, to, images, commit, untested string
	takeOver                                  bool
}

// target is the parsed form of targetFlags.
type target struct {
	stack, from plan.Stack
	// images are by service. They are nil if publish will build them in this run.
	images   map[string]string
	revision string
	// commit is the only commit that may be promoted. Empty allows any.
	commit string
	// untested is the reason to deploy without proof that the tests passed.
	untested string
	// number is the release that rollback returns to, or 0 for the previous one.
	number   int
	takeOver bool
}

func (t *targetFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&t.stack, "stack", "", "stack of deploy, rollback and preview, such as staging")
	flags.StringVar(&t.from, "from", "", "stack whose release promote takes")
	flags.StringVar(&t.to, "to", "", "stack that promote deploys to; for rollback the number of a release (default the previous one)")
	flags.StringVar(&t.commit, "commit", "", "commit that promote requires (default the one that -from runs)")
	flags.StringVar(&t.images, "images", "", "images to deploy: SERVICE=REPOSITORY@sha256:DIGEST,... (default the digests of publish in "+plan.Dist+")")
	flags.StringVar(&t.untested, "untested", "", "deploy or promote without proof that the tests passed, for this reason, which everybody is told")
	flags.BoolVar(&t.takeOver, "take-over", false, "end an update of the stack that a cancelled run left behind, or that still runs")
}

// targetCommands work on a stack. A run may have only one of them.
var targetCommands = []string{"deploy", "promote", "rollback", "preview"}

// readTarget parses the flags that the commands need. It reports all problems at once.
func (c *config) readTarget(t targetFlags, wanted []string, getenv func(string) string) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	read := func(flag, name string) (s plan.Stack) {
		s, err := c.readStack(name, getenv)
		if err != nil {
			problem("-%s: %w", flag, err)
		}
		return s
	}
	chosen := slices.DeleteFunc(slices.Clone(wanted), func(command string) bool { return !slices.Contains(targetCommands, command) })
	if len(chosen) == 0 {
		return nil
	}
	if len(chosen) > 1 {
		problem("%s: use only one of these in a run", strings.Join(chosen, ", "))
	}
	c.takeOver = t.takeOver
	switch chosen[0] {
	case "promote":
		c.from, c.stack, c.commit = read("from", t.from), read("to", t.to), t.commit
		if t.from == t.to && t.to != "" {
			problem("-from and -to are both %s: a release is promoted from one stack to another", t.to)
		}
	case "rollback":
		c.stack = read("stack", t.stack)
		if number, err := strconv.Atoi(t.to); t.to != "" && (err != nil || number < 1) {
			problem("-to: %q is not the number of a release, such as 7", t.to)
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
	if err := c.readUntested(t.untested, chosen[0]); err != nil {
		errs = append(errs, err)
	}
	if err := c.checkBackend(getenv); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// readUntested reads the reason to deploy without proof that the tests passed.
func (c *config) readUntested(reason, command string) error {
	verifies := command == "deploy" || command == "promote"
	switch {
	case reason == "" && verifies && c.release.Signing == plan.Unsigned:
		return errors.New("-sign none: nothing proves that the tests of the images passed: say with -untested why they are deployed")
	case reason == "":
		return nil
	case !verifies:
		return fmt.Errorf("-untested: %s asks for no proof that the tests passed: leave it out", command)
	case len(strings.Fields(reason)) < 2 || strings.ContainsAny(reason, "\r\n"):
		return fmt.Errorf("-untested: %q is no reason: say in a line of several words why nobody can wait for the tests", reason)
	case c.stack.Prod && !c.stack.AllowUntested:
		return fmt.Errorf("-untested: %s refuses untested images: publish tested ones, or set taskmaster:allowUntested to true in %s", c.stack.Name, plan.StackFile(c.stack.Name))
	}
	c.untested = reason
	return nil
}
