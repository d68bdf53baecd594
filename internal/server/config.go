package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"taskmaster/internal/telemetry"
)

// Common holds the settings of every service. Each service embeds it in its config struct.
type Common struct {
	// ListenAddr is the address to listen on.
	ListenAddr string `env:"LISTEN_ADDR" default:":8080" validate:"hostname_port"`
	// LogFormat is the format of the log.
	LogFormat string `env:"LOG_FORMAT" default:"json" validate:"oneof=json text"`
	// LogLevel is the lowest level that is logged.
	LogLevel string `env:"LOG_LEVEL" default:"info" validate:"oneof=debug info warn error"`
	// LogRequests writes a line for each request at level info. Otherwise its level is debug.
	LogRequests bool `env:"LOG_REQUESTS" default:"true"`
	// OTLPEndpoint is the URL of an OpenTelemetry receiver for OTLP over HTTP. Without it, no traces are
	// exported. The other standard variables of the exporter count too.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" validate:"omitempty,http_url"`
	// TraceRatio is the share of traces that are exported, from 0 to 1. It counts for traces that begin at
	// this service.
	TraceRatio float64 `env:"OTEL_TRACES_SAMPLER_ARG" default:"0.1" validate:"min=0,max=1"`
	// AppAPIToken is the token that the sidecar sends with every call to the app. Without it
	// callbacks would be open to everybody.
	AppAPIToken string `env:"APP_API_TOKEN" validate:"required"`
	// DaprGRPCPort is the gRPC port of the sidecar on 127.0.0.1.
	DaprGRPCPort int `env:"DAPR_GRPC_PORT" default:"50001" validate:"min=1,max=65535"`
	// DaprHTTPPort is the HTTP port of the sidecar on 127.0.0.1.
	DaprHTTPPort int `env:"DAPR_HTTP_PORT" default:"3500" validate:"min=1,max=65535"`
	// DaprAPIToken is the token that the app sends to the sidecar. It is empty when the sidecar
	// asks for none.
	DaprAPIToken string `env:"DAPR_API_TOKEN"`
	// DaprComponents are the components that the sidecar must have. A sidecar that started before
	// they were there is started again. In a cluster the chart sets it.
	DaprComponents []string `env:"DAPR_COMPONENTS"`
}

// Shared returns the settings of every service.
func (c Common) Shared() Common { return c }

// Telemetry returns the configuration of a service's telemetry. It trusts every sender.
func (c Common) Telemetry(service string, log *slog.Logger) telemetry.Config {
	return telemetry.Config{Service: service, Log: log, LogRequests: c.LogRequests, Endpoint: c.OTLPEndpoint, Ratio: c.TraceRatio}
}

// NewLog returns a service's log. The lines of a request have its ids.
func NewLog(w io.Writer, c Common) *slog.Logger {
	var level slog.Level
	// The level was validated. An invalid one would keep info.
	_ = level.UnmarshalText([]byte(c.LogLevel))
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(telemetry.NewLogHandler(slog.NewTextHandler(w, opts)))
	}
	return slog.New(telemetry.NewLogHandler(slog.NewJSONHandler(w, opts)))
}

// LoadConfig fills the struct that cfg points to. The env tag of a field names its environment
// variable. The default tag is the value of an unset variable. LoadConfig then checks the validate
// tags. Fields are string, bool, int, float64, time.Duration, []string (comma separated) or embedded
// structs. The error names all problems at once.
func LoadConfig(cfg any, getenv func(string) string) error {
	var problems []error
	fill(reflect.ValueOf(cfg).Elem(), getenv, &problems)
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("env") })
	if err := v.RegisterValidation("origin", isOrigin); err != nil {
		return fmt.Errorf("register the rule origin: %w", err)
	}
	err := v.Struct(cfg)
	if fields, ok := errors.AsType[validator.ValidationErrors](err); ok {
		for _, f := range fields {
			problems = append(problems, fmt.Errorf("%s %s", f.Field(), describe(f)))
		}
	} else if err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("configuration: %w", errors.Join(problems...))
	}
	return nil
}

func fill(s reflect.Value, getenv func(string) string, problems *[]error) {
	for i := range s.NumField() {
		field, tag := s.Field(i), s.Type().Field(i).Tag
		name := tag.Get("env")
		if name == "" {
			if field.Kind() == reflect.Struct {
				fill(field, getenv, problems)
			}
			continue
		}
		value := getenv(name)
		if value == "" {
			value = tag.Get("default")
		}
		if value == "" {
			continue
		}
		if err := set(field, value); err != nil {
			*problems = append(*problems, fmt.Errorf("%s: %w", name, err))
		}
	}
}

func set(field reflect.Value, value string) error {
	switch field.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s", value)
		}
		field.SetInt(int64(d))
	case []string:
		var list []string
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		field.Set(reflect.ValueOf(list))
	case bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is not true or false", value)
		}
		field.SetBool(b)
	case int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		}
		field.SetInt(int64(n))
	case float64:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", value)
		}
		field.SetFloat(n)
	default:
		field.SetString(value)
	}
	return nil
}

// isOrigin reports whether the field is a scheme and a host, such as
// https://tasks.example.com:8443. Every page has a fixed path on its host. Links and cookies of an
// address with a path would lead elsewhere. One slash at the end is accepted.
func isOrigin(f validator.FieldLevel) bool {
	u, err := url.Parse(f.Field().String())
	if err != nil {
		return false
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	bare := u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
	return web && bare && u.Hostname() != ""
}

// describe returns the requirement of a validation rule in words. It leaves out the value, which
// may be a secret.
func describe(f validator.FieldError) string {
	switch f.Tag() {
	case "required":
		return "is required"
	case "required_with":
		return "is required when " + f.Param() + " is set"
	case "oneof":
		return "is not one of " + strings.ReplaceAll(f.Param(), " ", ", ")
	case "hostname_port":
		return "is not an address such as 127.0.0.1:8080 or :8080"
	case "min", "gte":
		return "is less than " + f.Param()
	case "max", "lte":
		return "is more than " + f.Param()
	case "url", "http_url":
		return "is not a URL"
	case "origin":
		return "is not a scheme and a host alone, such as https://tasks.example.com: there is no way to serve below a path"
	case "email":
		return "is not an e-mail address"
	case "timezone":
		return "is not an IANA time zone such as Europe/Berlin"
	case "unique":
		return "has an entry twice"
	case "dir":
		return "is not a folder"
	case "cidr":
		return "is not a network such as 10.0.0.0/8"
	}
	return strings.TrimSpace("breaks the rule " + f.Tag() + " " + f.Param())
}
