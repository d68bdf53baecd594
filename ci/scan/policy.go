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

// reach is how close a vulnerability is to the program's code.
type reach int

// Each value is closer than the one before it.
const (
	module reach = iota
	pkg
	symbol
)

var reaches = []string{"module", "package", "symbol"}

func (r reach) String() string { return reaches[r] }

// UnmarshalYAML parses the name.
func (r *reach) UnmarshalYAML(node *yaml.Node) error {
	i := slices.Index(reaches, node.Value)
	if i < 0 {
		return fmt.Errorf("line %d: reach must be one of %s, not %q", node.Line, strings.Join(reaches, ", "), node.Value)
	}
	*r = reach(i)
	return nil
}

// policy defines which vulnerabilities a program may contain.
type policy struct {
	Reach   *reach      `yaml:"reach"`
	Unfixed *bool       `yaml:"unfixed"`
	Allow   []exception `yaml:"allow"`
}

// exception allows a vulnerability until the end of a day, in UTC.
type exception struct {
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
	end    time.Time
}

// reasonWords is the minimum number of words of a reason.
const reasonWords = 4

// readPolicy reads a policy. It reports all problems at once.
func readPolicy(file string) (policy, error) {
	var p policy
	f, err := os.Open(file) //nolint:gosec // the user chooses the file
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
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(file+": "+format, args...)) }
	if p.Reach == nil || p.Unfixed == nil {
		problem("set reach and unfixed")
	}
	for i := range p.Allow {
		a := &p.Allow[i]
		if a.ID == "" {
			problem("entry %d of allow has no id", i+1)
		}
		if len(strings.Fields(a.Reason)) < reasonWords {
			problem("%s: the reason %q does not explain why it is harmless", a.ID, a.Reason)
		}
		last, err := time.Parse(time.DateOnly, a.Until)
		if err != nil {
			problem("%s: until must be a day such as 2026-12-31, not %q", a.ID, a.Until)
		}
		a.end = last.AddDate(0, 0, 1)
	}
	return p, errors.Join(errs...)
}

// verdict is the policy's decision on a finding.
type verdict struct {
	rejected bool
	why      string
}

// judge applies the policy to a finding.
func (p policy) judge(f finding, now time.Time) verdict {
	for _, a := range p.Allow {
		if !slices.Contains(f.names(), a.ID) {
			continue
		}
		if now.Before(a.end) {
			return verdict{false, "allowed until " + a.Until + ": " + a.Reason}
		}
		return verdict{true, "REJECTED: it was allowed until " + a.Until}
	}
	switch {
	case f.reach < *p.Reach:
		return verdict{false, "accepted: the program contains only its " + f.reach.String()}
	case f.fixed == "" && !*p.Unfixed:
		return verdict{false, "accepted: there is no fix"}
	}
	return verdict{true, "REJECTED"}
}
