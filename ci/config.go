package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
	"taskmaster/internal/cli"
)

// config holds the settings of one run: command line, environment and repository.
type config struct {
	root        string
	commands    []command
	project     plan.Project
	release     plan.Release
	local, show bool
	timeout     time.Duration
	target
	notice plan.Notice
}

// loadConfig reads the command line, the environment and the repository. It reports all problems at
// once.
func loadConfig(ctx context.Context, args []string, getenv func(string) string, w io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("ci", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.release.Registry, "registry", "localhost", "registry and path before the images' names, such as ghcr.io/OWNER")
	flags.StringVar(&c.release.Username, "username", getenv("REGISTRY_USERNAME"), "user name at the registry (default REGISTRY_USERNAME); REGISTRY_PASSWORD holds the password")
	flags.StringVar(&c.release.Base, "base", "", "base image by digest, or scratch, which needs no registry (default distroless)")
	flags.StringVar(&c.release.Insecure, "insecure", "", "hosts of registries without TLS, such as registry.example:5000; one on this machine needs no mention")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "platforms of the images")
	tags := flags.String("tags", "latest", "tags of published images in addition to the commit")
	flags.StringVar(&c.release.VulnDB, "vulndb", "", "vulnerability database that publish uses (default https://vuln.go.dev)")
	signing := flags.String("sign", "", "signer of images: keyless (the GitHub Actions workflow), key (COSIGN_KEY) or none (default key if it is set)")
	flags.StringVar(&c.release.PublicKey, "public-key", "", "public key file in the repository that verifies signatures made with COSIGN_KEY")
	var target targetFlags
	target.add(flags)
	flags.StringVar(&c.notice.Waiting, "waiting", "", "stack that waits for an approval, for notify")
	flags.BoolVar(&c.local, "local", false, "run the commands on this machine instead of in containers")
	flags.BoolVar(&c.show, "plan", false, "print the steps without running them, as for stacks with two earlier releases")
	flags.DurationVar(&c.timeout, "timeout", plan.DefaultTimeout, "time limit of the whole run")
	flags.Usage = func() {
		fmt.Fprint(w, "usage: go run ./ci [flags] [command [flags] ...]\n\n")
		for _, v := range commands {
			fmt.Fprintf(w, "  %-8s %s\n", v.name, v.help)
		}
		fmt.Fprintf(w, "\nWithout a command it runs %s.\n\n", strings.Join(defaultCommands, ", "))
		flags.PrintDefaults()
	}
	wanted, err := parse(flags, args)
	if err != nil {
		return c, err
	}

	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(wanted) == 0 {
		wanted = defaultCommands
	}
	for _, v := range wanted {
		i := slices.IndexFunc(commands, func(known command) bool { return known.name == v })
		if i < 0 {
			problem("unknown command %q; the commands are %s", v, strings.Join(names(), ", "))
			continue
		}
		c.commands = append(c.commands, commands[i])
	}
	// The owner of a repository may have capital letters, and registries refuse them.
	c.release.Registry = strings.ToLower(c.release.Registry)
	repository, err := name.NewRepository(plan.ImageName(c.release.Registry, "api"))
	if err != nil {
		problem("-registry: %w", err)
	} else if host := repository.RegistryStr(); slices.Contains(wanted, "publish") && c.release.Username != "" && c.release.Username == getenv("GITHUB_ACTOR") && host != "ghcr.io" {
		problem("-registry: GitHub's token is valid at ghcr.io only, and not at %s: set the variable REGISTRY_USERNAME and the secret REGISTRY_PASSWORD of an account there", host)
	}
	if slices.Contains(wanted, "publish") && c.release.Registry == "localhost" {
		problem("-registry: name the registry to publish to, such as ghcr.io/OWNER")
	}
	if c.release.Username != "" && getenv("REGISTRY_PASSWORD") == "" {
		problem("-username %s: set its password in REGISTRY_PASSWORD", c.release.Username)
	}
	if c.release.Signing, err = chooseSigning(*signing, c.release, slices.Contains(wanted, "publish") && !c.show, getenv); err != nil {
		problem("-sign: %w", err)
	}
	c.release.Platforms = strings.Split(*platforms, ",")
	for _, platform := range c.release.Platforms {
		if system, architecture, ok := strings.Cut(platform, "/"); !ok || system != "linux" || architecture == "" {
			problem("-platforms: %q is not a platform such as linux/amd64", platform)
		}
	}
	if *tags != "" {
		c.release.Tags = strings.Split(*tags, ",")
	}
	for _, tag := range c.release.Tags {
		if _, err := name.NewTag("example.com/name:" + tag); err != nil {
			problem("-tags: %q is not a tag", tag)
		}
	}
	c.notice.Settings = plan.Messengers.Available(getenv)
	if c.root, c.project, err = readProject(ctx); err != nil {
		problem("%w", err)
	} else if err := c.readTarget(target, wanted, getenv); err != nil {
		errs = append(errs, err)
	}
	return c, cli.Usage(errs...)
}

// parse returns the names of the commands. Flags may come before, between and after them.
func parse(flags *flag.FlagSet, args []string) (wanted []string, err error) {
	for {
		if err := cli.Parse(flags, args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return wanted, nil
		}
		wanted, args = append(wanted, flags.Arg(0)), flags.Args()[1:]
	}
}

func names() []string {
	var all []string
	for _, v := range commands {
		all = append(all, v.name)
	}
	return all
}
