package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// reach is how near a vulnerability comes to what a program does.
type reach int

// Each is nearer than the one before it.
const (
	module reach = iota
	pkg
	symbol
)

var reaches = []string{"module", "package", "symbol"}

func (r reach) String() string { return reaches[r] }

// UnmarshalYAML reads the name.
func (r *reach) UnmarshalYAML(node *yaml.Node) error {
	i := slices.Index(reaches, node.Value)
	if i < 0 {
		return fmt.Errorf("line %d: reach is %s, not %q", node.Line, strings.Join(reaches, ", "), node.Value)
	}
	*r = reach(i)
	return nil
}

// policy is what a program may contain.
type policy struct {
	Reach   *reach      `yaml:"reach"`
	Unfixed *bool       `yaml:"unfixed"`
	Allow   []exception `yaml:"allow"`
}

// exception is accepted until the end of a day, in UTC.
type exception struct {
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
	end    time.Time
}

// reasonWords is the least that a reason has to say.
const reasonWords = 4

// readPolicy reads a policy, and reports every mistake at once.
func readPolicy(file string) (policy, error) {
	var p policy
	f, err := os.Open(file) //nolint:gosec // the user says which
	if err != nil {
		return p, err
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("read %s: %w", file, err)
	}
	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(file+": "+format, args...)) }
	if p.Reach == nil || p.Unfixed == nil {
		mistake("say reach and unfixed")
	}
	for i := range p.Allow {
		a := &p.Allow[i]
		if a.ID == "" {
			mistake("entry %d of allow has no id", i+1)
		}
		if len(strings.Fields(a.Reason)) < reasonWords {
			mistake("%s: the reason %q tells nobody why it does no harm", a.ID, a.Reason)
		}
		last, err := time.Parse(time.DateOnly, a.Until)
		if err != nil {
			mistake("%s: until is a day such as 2026-12-31, not %q", a.ID, a.Until)
		}
		a.end = last.AddDate(0, 0, 1)
	}
	return p, errors.Join(errs...)
}

// verdict is what the policy makes of a finding.
type verdict struct {
	counts bool
	why    string
}

// judge holds a finding to the policy.
func (p policy) judge(f finding, now time.Time) verdict {
	for _, a := range p.Allow {
		if !slices.Contains(f.names(), a.ID) {
			continue
		}
		if now.Before(a.end) {
			return verdict{false, "allowed until " + a.Until + ": " + a.Reason}
		}
		return verdict{true, "COUNTS: it was allowed until " + a.Until + ", which has passed"}
	}
	switch {
	case f.reach < *p.Reach:
		return verdict{false, "does not count: only its " + f.reach.String() + " is there"}
	case f.fixed == "" && !*p.Unfixed:
		return verdict{false, "does not count: there is no fix"}
	}
	return verdict{true, "COUNTS"}
}
