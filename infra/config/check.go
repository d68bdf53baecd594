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
	"golang.org/x/mod/semver"

	"taskmaster/dapr"
)

var (
	quantity = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)$`)
	cpu      = regexp.MustCompile(`^([0-9]+m|[0-9]+(\.[0-9]+)?)$`)
	version  = regexp.MustCompile(`^v?[0-9]+\.[0-9]+(\.[0-9]+)?$`)
	endpoint = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+:[0-9]{1,5}$`)
	image    = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$`)
)

// check returns all problems of the configuration.
func check(c *Config) []error {
	problems := fieldProblems("", c)
	problems = append(problems, imageProblems(c)...)
	problems = append(problems, daprProblems(c)...)
	problems = append(problems, brokerProblems(c)...)
	problems = append(problems, secretProblems(c)...)
	problems = append(problems, telemetryProblems(c)...)
	problems = append(problems, networkProblems(c)...)
	problems = append(problems, scaleProblems(c)...)
	return append(problems, environmentProblems(c)...)
}

func newValidator() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return strings.Split(f.Tag.Get("json"), ",")[0] })
	matches := func(pattern *regexp.Regexp) validator.Func {
		return func(f validator.FieldLevel) bool { return pattern.MatchString(f.Field().String()) }
	}
	return v, errors.Join(
		v.RegisterValidation("quantity", matches(quantity)),
		v.RegisterValidation("cpu", matches(cpu)),
		v.RegisterValidation("endpoint", matches(endpoint)),
		v.RegisterValidation("container", func(f validator.FieldLevel) bool { return slices.Contains(containers(), f.Field().String()) }),
		v.RegisterValidation("version", matches(version)),
		v.RegisterValidation("service", func(f validator.FieldLevel) bool { return slices.Contains(Services(), f.Field().String()) }),
		v.RegisterValidation("startswith_field", func(f validator.FieldLevel) bool {
			return strings.HasPrefix(f.Field().String(), f.Parent().FieldByName(f.Param()).String()+"-")
		}),
	)
}

// fieldProblems checks the validate tags.
func fieldProblems(name string, section any) []error {
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
	var problems []error
	for _, f := range fields {
		_, path, _ := strings.Cut(f.Namespace(), ".")
		path = strings.ReplaceAll(path, "Place.", "") // embedded, so that it is no part of a setting's name
		if name != "" {
			path = name + "." + path
		}
		problems = append(problems, fmt.Errorf("%s: %s", path, describe(f)))
	}
	return problems
}

// describe returns the message for a failed validation.
func describe(f validator.FieldError) string {
	value := fmt.Sprintf("%v", f.Value())
	switch f.Tag() {
	case "required":
		return "is required"
	case "required_with":
		return "is required when " + lowerFirst(f.Param()) + " is set"
	case "excluded_with":
		return "cannot be set together with " + lowerFirst(f.Param())
	case "excluded_without":
		return "has no effect without " + lowerFirst(f.Param())
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
		return fmt.Sprintf("%q is not a size such as 20Gi", value)
	case "version", "semver":
		return fmt.Sprintf("%q is not a version such as 1.35.2", value)
	case "uuid":
		return fmt.Sprintf("%q is not a UUID", value)
	case "startswith":
		return fmt.Sprintf("%q does not start with %s", value, f.Param())
	case "startswith_field":
		return fmt.Sprintf("%q is not in %s", value, lowerFirst(f.Param()))
	case "endswith":
		return fmt.Sprintf("%q does not end with %s", value, f.Param())
	case "cpu":
		return fmt.Sprintf("%q is not an amount of processor time such as 50m or 1.5", value)
	case "endpoint":
		return fmt.Sprintf("%q is not scheme, host and port such as http://collector.monitoring:4318", value)
	case "container":
		return fmt.Sprintf("%q is not one of %s", value, strings.Join(containers(), ", "))
	case "service":
		return fmt.Sprintf("%q is not one of %s", value, strings.Join(Services(), ", "))
	}
	return strings.TrimSpace(fmt.Sprintf("%q breaks the rule %s %s", value, f.Tag(), f.Param()))
}

// containers returns the names that have requests and limits in the chart.
func containers() []string { return append(Services(), "sidecar", "migrate", "backup") }

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func imageProblems(c *Config) []error {
	var problems []error
	for _, service := range Services() {
		ref, ok := c.Images[service]
		switch {
		case !ok && service == "assistant" && !*c.App.Assistant:
		case !ok:
			problems = append(problems, fmt.Errorf("images.%s: is missing: pulumi config set --path images.%s REPOSITORY@sha256:DIGEST", service, service))
		case !image.MatchString(ref):
			problems = append(problems, fmt.Errorf("images.%s: %q is not REPOSITORY@sha256:DIGEST: a tag can change under a running system; "+
				"docker buildx imagetools inspect shows the digest", service, ref))
		}
	}
	for service := range c.Images {
		if !slices.Contains(Services(), service) {
			problems = append(problems, fmt.Errorf("images.%s: unknown service: the services are %s", service, strings.Join(Services(), ", ")))
		}
	}
	return problems
}

// daprProblems checks that Dapr is new enough for reminders.
func daprProblems(c *Config) []error {
	version := "v" + c.Dapr.Version
	if !semver.IsValid(version) || semver.Compare(version, "v"+dapr.Oldest) >= 0 {
		return nil // an invalid version is reported elsewhere
	}
	return []error{fmt.Errorf("dapr.version: %s is older than %s, whose scheduler is the first that replaces a job on request and repeats a failed one: "+
		"reminders need both: leave it out for %s, which is tested", c.Dapr.Version, dapr.Oldest, defaults().Dapr.Version)}
}

// telemetryProblems checks that the receiver of traces has a place, and that Prometheus may scrape.
func telemetryProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	t := c.App.Traces
	switch placed := t.Namespace != "" || len(t.Networks) > 0; {
	case t.Endpoint != "" && !placed:
		problem("app.traces: %s has no place that the policies allow: set app.traces.namespace to the namespace of the receiver's pods, or app.traces.networks", t.Endpoint)
	case t.Endpoint == "" && (placed || c.Secrets.TracesHeaders.IsSet()):
		problem("app.traces.endpoint: is required: the place of a receiver, or the secret tracesHeaders, has no effect without it")
	}
	if c.App.Metrics.PodMonitor && c.App.MetricsNamespace == "" {
		problem("app.metrics.podMonitor: has no effect without app.metricsNamespace: set it to the namespace of Prometheus")
	}
	return problems
}

// environmentProblems checks the requirements of prod.
func environmentProblems(c *Config) []error {
	if c.Environment != "prod" {
		return nil
	}
	var problems []error
	for _, service := range Services() {
		if n := c.App.Replicas[service]; n < 2 && (service != "assistant" || *c.App.Assistant) {
			problems = append(problems, fmt.Errorf("app.replicas.%s: %d: prod needs two or more of each service, so that one can stop: set it to 2",
				service, n))
		}
	}
	if !c.Dapr.HA {
		problems = append(problems, errors.New("dapr.ha: false: prod needs a control plane that survives the loss of a node: set it to true"))
	}
	if c.Broker.InCluster() && c.Broker.Replicas < 3 {
		problems = append(problems, fmt.Errorf("broker.replicas: %d: prod needs three brokers or more, so that one can stop: set it to 3", c.Broker.Replicas))
	}
	if u, err := url.Parse(c.App.PublicURL); err == nil && u.Scheme == "http" {
		problems = append(problems, fmt.Errorf("app.publicURL: %q: prod requires https", c.App.PublicURL))
	}
	return problems
}
