package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
)

// config is what the user asked for.
type config struct {
	root        string
	verbs       []verb
	project     plan.Project
	release     plan.Release
	local, show bool
	timeout     time.Duration
	target
	notice plan.Notice
}

// errUsage is an error of the command line that the flag package has printed.
var errUsage = errors.New("usage")

// loadConfig reads the command line, the environment and the repository, and reports every mistake at once.
func loadConfig(ctx context.Context, args []string, getenv func(string) string, w io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("ci", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.release.Registry, "registry", "localhost", "registry and path before the images' names, such as ghcr.io/OWNER")
	flags.StringVar(&c.release.Username, "username", "", "name at the registry; its password is in REGISTRY_PASSWORD")
	flags.StringVar(&c.release.Base, "base", "", "base of the images, by digest, or scratch, which needs no registry (default distroless)")
	flags.BoolVar(&c.release.Insecure, "insecure", false, "the registry has no TLS")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "platforms of the images")
	tags := flags.String("tags", "latest", "tags of published images besides the commit")
	flags.StringVar(&c.release.VulnDB, "vulndb", "", "database of vulnerabilities that publish asks (default https://vuln.go.dev)")
	signing := flags.String("sign", "", "who signs images: keyless (the workflow of GitHub Actions), key (COSIGN_KEY) or none (default key if there is one)")
	flags.StringVar(&c.release.PublicKey, "public-key", "", "file of the repository that verifies what COSIGN_KEY signed")
	var target targetFlags
	target.add(flags)
	flags.StringVar(&c.notice.Waiting, "waiting", "", "stack of which notify tells that it waits for an approval")
	flags.BoolVar(&c.local, "local", false, "run the commands on this machine instead of in containers")
	flags.BoolVar(&c.show, "plan", false, "show what would run, and run nothing")
	flags.DurationVar(&c.timeout, "timeout", plan.DefaultTimeout, "how long all of it may take")
	flags.Usage = func() {
		fmt.Fprint(w, "usage: go run ./ci [flags] [verb [flags] ...]\n\n")
		for _, v := range verbs {
			fmt.Fprintf(w, "  %-8s %s\n", v.name, v.help)
		}
		fmt.Fprintf(w, "\nWithout a verb it is %s.\n\n", strings.Join(usual, ", "))
		flags.PrintDefaults()
	}
	wanted, err := parse(flags, args)
	if err != nil {
		return c, err
	}

	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(wanted) == 0 {
		wanted = usual
	}
	for _, v := range wanted {
		i := slices.IndexFunc(verbs, func(known verb) bool { return known.name == v })
		if i < 0 {
			mistake("%q is no verb; there are %s", v, strings.Join(names(), ", "))
			continue
		}
		c.verbs = append(c.verbs, verbs[i])
	}
	if _, err := name.NewRepository(plan.ImageName(c.release.Registry, "api")); err != nil {
		mistake("-registry: %w", err)
	}
	if slices.Contains(wanted, "publish") && c.release.Registry == "localhost" {
		mistake("-registry: say where to publish, such as ghcr.io/OWNER")
	}
	if c.release.Username != "" && getenv("REGISTRY_PASSWORD") == "" {
		mistake("-username %s needs its password in REGISTRY_PASSWORD", c.release.Username)
	}
	if c.release.Signing, err = whoSigns(*signing, c.release, slices.Contains(wanted, "publish") && !c.show, getenv); err != nil {
		mistake("-sign: %w", err)
	}
	c.release.Platforms = strings.Split(*platforms, ",")
	for _, platform := range c.release.Platforms {
		if system, architecture, ok := strings.Cut(platform, "/"); !ok || system != "linux" || architecture == "" {
			mistake("-platforms: %q is not a platform such as linux/amd64", platform)
		}
	}
	if *tags != "" {
		c.release.Tags = strings.Split(*tags, ",")
	}
	for _, tag := range c.release.Tags {
		if _, err := name.NewTag("example.com/name:" + tag); err != nil {
			mistake("-tags: %q is not a tag", tag)
		}
	}
	c.readNotice(getenv)
	if c.root, c.project, err = readProject(ctx); err != nil {
		mistake("%w", err)
	} else if err := c.readTarget(target, wanted, getenv); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// parse returns the verbs. Flags may come before, between and after them.
func parse(flags *flag.FlagSet, args []string) (wanted []string, err error) {
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, errUsage
		}
		if flags.NArg() == 0 {
			return wanted, nil
		}
		wanted, args = append(wanted, flags.Arg(0)), flags.Args()[1:]
	}
}

func names() []string {
	var all []string
	for _, v := range verbs {
		all = append(all, v.name)
	}
	return all
}
