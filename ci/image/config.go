package main

import (
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"taskmaster/internal/cli"
)

// scratch is a base that contains only certificates, users and /tmp.
const scratch = "scratch"

// program is a static executable for one platform.
type program struct {
	platform v1.Platform
	path     string
	info     *buildinfo.BuildInfo
}

// config holds the settings of one run.
type config struct {
	name, revision, source string
	time                   time.Time // of the commit, used for every file
	base                   name.Reference
	certificates           string // used on scratch
	out, provenance        string
	push                   bool
	tags                   []string
	insecure               []string // registries without TLS
	limit                  int64    // of an image, in MB
	timeout                time.Duration
	username, password     string
	programs               []program
}

// loadConfig reads the command line and the environment. It reports all problems at once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{username: getenv("REGISTRY_USERNAME"), password: getenv("REGISTRY_PASSWORD")}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.name, "name", "", "repository of the image, with the registry's host and without a tag")
	flags.StringVar(&c.revision, "revision", "", "commit that the programs are built from")
	flags.StringVar(&c.source, "source", "", "address of the source code")
	at := flags.String("time", "", "time of the commit, in RFC 3339 format")
	base := flags.String("base", scratch, "base image by digest, or scratch")
	flags.StringVar(&c.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "trusted certificate authorities of an image on scratch")
	flags.StringVar(&c.out, "out", "", "file for an OCI archive")
	flags.StringVar(&c.provenance, "provenance", "", "file for the predicate of the provenance statement, to be signed")
	flags.BoolVar(&c.push, "push", false, "push the image to its registry")
	tags := flags.String("tags", "", "comma-separated tags (default the revision)")
	insecure := flags.String("insecure", "", "comma-separated hosts of registries without TLS; one on this machine needs no mention")
	flags.Int64Var(&c.limit, "limit", 40, "size limit of a compressed image, in MB")
	flags.DurationVar(&c.timeout, "timeout", 10*time.Minute, "time limit of the whole run")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}

	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	c.insecure = strings.Split(*insecure, ",")
	if _, err := c.repository(); err != nil {
		problem("-name: %w", err)
	}
	if c.revision == "" {
		problem("-revision: set the commit that the programs are built from")
	}
	var err error
	if c.time, err = time.Parse(time.RFC3339, *at); err != nil {
		problem("-time: %q is not a time such as 2026-11-25T10:00:00Z", *at)
	}
	c.time = c.time.UTC()
	if *base != scratch {
		if c.base, err = c.baseReference(*base); err != nil {
			problem("-base: %q is not an image by digest (NAME@sha256:...), and not %s", *base, scratch)
		}
	}
	c.tags = []string{c.revision}
	if *tags != "" {
		c.tags = strings.Split(*tags, ",")
	}
	for _, tag := range c.tags {
		if _, err := name.NewTag("example.com/name:" + tag); err != nil {
			problem("-tags: %q is not a tag", tag)
		}
	}
	if c.out == "" && !c.push {
		problem("set -out FILE or -push")
	}
	if (c.username == "") != (c.password == "") {
		problem("set both REGISTRY_USERNAME and REGISTRY_PASSWORD, or neither")
	}
	c.programs, err = readPrograms(flags.Args())
	return c, cli.Usage(append(errs, err)...)
}

// repository returns the repository of the image.
func (c config) repository() (name.Repository, error) {
	repository, err := name.NewRepository(c.name)
	if err != nil {
		return repository, err
	}
	return name.NewRepository(c.name, c.nameOptions(repository.RegistryStr())...)
}

// baseReference parses the name of the base by digest.
func (c config) baseReference(base string) (name.Reference, error) {
	digest, err := name.NewDigest(base)
	if err != nil {
		return nil, err
	}
	return name.NewDigest(base, c.nameOptions(digest.Context().RegistryStr())...)
}

// nameOptions returns the options of names at a registry. Only registries in -insecure are reached
// without TLS. The base of an image in such a registry may be in another one.
func (c config) nameOptions(registry string) []name.Option {
	if slices.Contains(c.insecure, registry) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// readPrograms parses the arguments and reads the build information of the programs.
func readPrograms(args []string) ([]program, error) {
	if len(args) == 0 {
		return nil, errors.New("name at least one program, as linux/amd64=FILE")
	}
	var programs []program
	var errs []error
	for _, arg := range args {
		platform, path, ok := strings.Cut(arg, "=")
		p, err := v1.ParsePlatform(platform)
		if !ok || err != nil || p.OS == "" || p.Architecture == "" {
			errs = append(errs, fmt.Errorf("%q is not PLATFORM=FILE, such as linux/amd64=api", arg))
			continue
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is not a program made by Go: %w", path, err))
			continue
		}
		// The platform of an image decides where it runs. It must match the program.
		if got := setting(info, "GOOS") + "/" + setting(info, "GOARCH"); got != p.OS+"/"+p.Architecture {
			errs = append(errs, fmt.Errorf("%s is a program for %s, not for %s", path, got, platform))
		}
		if setting(info, "CGO_ENABLED") != "0" {
			errs = append(errs, fmt.Errorf("%s may need libraries that the image does not have: build it with CGO_ENABLED=0", path))
		}
		programs = append(programs, program{*p, path, info})
	}
	return programs, errors.Join(errs...)
}

func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
