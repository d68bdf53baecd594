package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"taskmaster/ci/plan"
)

// readStack reads the fields of a stack's file that the pipeline needs.
func (c *config) readStack(name string, getenv func(string) string) (plan.Stack, error) {
	known, err := filepath.Glob(filepath.Join(c.root, plan.StackFile("*")))
	if err != nil {
		return plan.Stack{}, err
	}
	for i, file := range known {
		known[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	}
	if name == "" {
		return plan.Stack{}, fmt.Errorf("name a stack; the stacks are %s", strings.Join(known, ", "))
	}
	raw, err := os.ReadFile(filepath.Join(c.root, filepath.FromSlash(plan.StackFile(name))))
	if errors.Is(err, os.ErrNotExist) {
		return plan.Stack{}, fmt.Errorf("unknown stack %q; the stacks are %s", name, strings.Join(known, ", "))
	} else if err != nil {
		return plan.Stack{}, err
	}
	var file struct {
		Config struct {
			Environment string `yaml:"taskmaster:environment"`
			Cloud       string `yaml:"taskmaster:cloud"`
			// pulumi config set writes "true" with quotes.
			AllowUntested string `yaml:"taskmaster:allowUntested"`
			App           struct {
				PublicURL string `yaml:"publicURL"`
			} `yaml:"taskmaster:app"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return plan.Stack{}, fmt.Errorf("read %s: %w", plan.StackFile(name), err)
	}
	if file.Config.App.PublicURL == "" {
		return plan.Stack{}, fmt.Errorf("%s: set app.publicURL, the address for the smoke test", plan.StackFile(name))
	}
	allowed := false
	if text := file.Config.AllowUntested; text != "" {
		if allowed, err = strconv.ParseBool(text); err != nil {
			return plan.Stack{}, fmt.Errorf("%s: allowUntested: %q is not true or false", plan.StackFile(name), text)
		}
	}
	return plan.Stack{
		Name: name, Cloud: file.Config.Cloud, URL: file.Config.App.PublicURL, Settings: plan.Credentials.Available(getenv),
		Prod: file.Config.Environment == "prod", AllowUntested: allowed,
	}, nil
}

// checkBackend returns an error if a container could not reach the state of the stacks.
func (c *config) checkBackend(getenv func(string) string) error {
	backend := getenv("PULUMI_BACKEND_URL")
	switch {
	case c.local || c.show:
		return nil
	case backend == "" && getenv("PULUMI_ACCESS_TOKEN") == "":
		return errors.New("set PULUMI_ACCESS_TOKEN, or PULUMI_BACKEND_URL to a bucket: a container does not see pulumi login (-local does)")
	case strings.HasPrefix(backend, "file:"):
		return fmt.Errorf("PULUMI_BACKEND_URL: a container cannot reach %s: use -local", backend)
	case hasPassword(backend):
		return errors.New("PULUMI_BACKEND_URL contains a password, and a container passes it as a variable, which output may show: use a bucket, or -local")
	}
	return nil
}

// hasPassword reports whether an address contains a password.
func hasPassword(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.User == nil {
		return false
	}
	_, ok := parsed.User.Password()
	return ok
}
