package config

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-playground/validator/v10"
)

var (
	quantity = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)$`)
	version  = regexp.MustCompile(`^v?[0-9]+\.[0-9]+(\.[0-9]+)?$`)
	image    = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$`)
)

// check returns every mistake.
func check(c *Config) []error {
	mistakes := fieldMistakes("", c)
	mistakes = append(mistakes, imageMistakes(c)...)
	mistakes = append(mistakes, brokerMistakes(c)...)
	mistakes = append(mistakes, secretMistakes(c)...)
	mistakes = append(mistakes, networkMistakes(c)...)
	return append(mistakes, environmentMistakes(c)...)
}

func newValidator() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return strings.Split(f.Tag.Get("json"), ",")[0] })
	matches := func(pattern *regexp.Regexp) validator.Func {
		return func(f validator.FieldLevel) bool { return pattern.MatchString(f.Field().String()) }
	}
	return v, errors.Join(
		v.RegisterValidation("quantity", matches(quantity)),
		v.RegisterValidation("version", matches(version)),
		v.RegisterValidation("service", func(f validator.FieldLevel) bool { return slices.Contains(Services(), f.Field().String()) }),
		v.RegisterValidation("startswith_field", func(f validator.FieldLevel) bool {
			return strings.HasPrefix(f.Field().String(), f.Parent().FieldByName(f.Param()).String()+"-")
		}),
	)
}

// fieldMistakes checks the validate tags.
func fieldMistakes(name string, section any) []error {
	v, err := newValidator()
	if err != nil {
		return []error{err}
	}
	err = v.Struct(section)
	fields, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		if err != nil {
			return []error{err}
		}
		return nil
	}
	var mistakes []error
	for _, f := range fields {
		_, path, _ := strings.Cut(f.Namespace(), ".")
		if name != "" {
			path = name + "." + path
		}
		mistakes = append(mistakes, fmt.Errorf("%s: %s", path, describe(f)))
	}
	return mistakes
}

// describe says what a validation wanted.
func describe(f validator.FieldError) string {
	value := fmt.Sprintf("%v", f.Value())
	switch f.Tag() {
	case "required":
		return "is required"
	case "required_with":
		return "is required when " + lowerFirst(f.Param()) + " is set"
	case "excluded_with":
		return "cannot be set together with " + lowerFirst(f.Param())
	case "oneof":
		return fmt.Sprintf("%q is not one of %s", value, strings.ReplaceAll(f.Param(), " ", ", "))
	case "min":
		return fmt.Sprintf("%s is less than %s", value, f.Param())
	case "max":
		return fmt.Sprintf("%s is more than %s", value, f.Param())
	case "gt":
		return fmt.Sprintf("%s is not more than %s", value, f.Param())
	case "gtefield":
		return fmt.Sprintf("%s is less than %s", value, lowerFirst(f.Param()))
	case "cidr", "cidrv4":
		return fmt.Sprintf("%q is not a network such as 10.0.0.0/16", value)
	case "hostname_port":
		return fmt.Sprintf("%q is not host:port", value)
	case "http_url":
		return fmt.Sprintf("%q is not a URL such as https://tasks.example.com", value)
	case "quantity":
		return fmt.Sprintf("%q is not an amount such as 20Gi", value)
	case "version", "semver":
		return fmt.Sprintf("%q is not a version such as 1.35.2", value)
	case "uuid":
		return fmt.Sprintf("%q is not a UUID", value)
	case "startswith":
		return fmt.Sprintf("%q does not begin with %s", value, f.Param())
	case "startswith_field":
		return fmt.Sprintf("%q is not in %s", value, lowerFirst(f.Param()))
	case "endswith":
		return fmt.Sprintf("%q does not end with %s", value, f.Param())
	case "service":
		return fmt.Sprintf("%q is not one of %s", value, strings.Join(Services(), ", "))
	}
	return strings.TrimSpace(fmt.Sprintf("%q breaks the rule %s %s", value, f.Tag(), f.Param()))
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func imageMistakes(c *Config) []error {
	var mistakes []error
	for _, service := range Services() {
		ref, ok := c.Images[service]
		switch {
		case !ok:
			mistakes = append(mistakes, fmt.Errorf("images.%s: is missing: pulumi config set --path images.%s REPOSITORY@sha256:DIGEST", service, service))
		case !image.MatchString(ref):
			mistakes = append(mistakes, fmt.Errorf("images.%s: %q is not REPOSITORY@sha256:DIGEST: a tag can change under a running system; "+
				"docker buildx imagetools inspect shows the digest", service, ref))
		}
	}
	for service := range c.Images {
		if !slices.Contains(Services(), service) {
			mistakes = append(mistakes, fmt.Errorf("images.%s: is no service: there are %s", service, strings.Join(Services(), ", ")))
		}
	}
	return mistakes
}

// environmentMistakes is what prod does not do without.
func environmentMistakes(c *Config) []error {
	if c.Environment != "prod" {
		return nil
	}
	var mistakes []error
	for _, service := range Services() {
		if n := c.App.Replicas[service]; n < 2 {
			mistakes = append(mistakes, fmt.Errorf("app.replicas.%s: %d: prod has two or more of each service, so that one can go: set it to 2",
				service, n))
		}
	}
	if !c.Dapr.HA {
		mistakes = append(mistakes, errors.New("dapr.ha: false: prod has a control plane that outlives a node: set it to true"))
	}
	if c.Broker.InCluster() && c.Broker.Replicas < 3 {
		mistakes = append(mistakes, fmt.Errorf("broker.replicas: %d: prod has three brokers or more, so that one can go: set it to 3", c.Broker.Replicas))
	}
	if u, err := url.Parse(c.App.PublicURL); err == nil && u.Scheme == "http" {
		mistakes = append(mistakes, fmt.Errorf("app.publicURL: %q: prod is reached by https", c.App.PublicURL))
	}
	return mistakes
}
