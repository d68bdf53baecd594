package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// machineVariables are the variables of the user's environment that every program gets.
func machineVariables() []string {
	return []string{"PATH", "HOME", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT", "TEMP", "TMP"}
}

// commonVariables are the variables that every service gets.
func commonVariables() []string {
	return append([]string{
		"LISTEN_ADDR", "DAPR_GRPC_PORT", "DAPR_HTTP_PORT", "APP_API_TOKEN", "DAPR_API_TOKEN", "DAPR_COMPONENTS", "LOG_FORMAT", "LOG_LEVEL",
		"LOG_REQUESTS", "OTEL_TRACES_SAMPLER_ARG",
	}, exporterVariables()...)
}

// exporterVariables are the variables of the user's environment that every service and every sidecar gets,
// so that both export their traces to one receiver.
func exporterVariables() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_CERTIFICATE",
		"OTEL_RESOURCE_ATTRIBUTES",
	}
}

// isOwn reports whether the user's value of a variable is ignored. It could not be right for all
// processes, and there is no TLS on this machine.
func isOwn(name string) bool {
	return slices.Contains([]string{"LISTEN_ADDR", "DAPR_GRPC_PORT", "DAPR_HTTP_PORT", "TLS_CERT_FILE", "TLS_KEY_FILE"}, name)
}

// isList reports whether the user's value is added to the default. api limits by address: without
// the default it would take the address of web for the address of every person.
func isList(name string) bool { return name == "TRUSTED_PROXIES" }

// machineEnv returns the environment that every program needs.
func (p plan) machineEnv() []string {
	var env []string
	for _, name := range machineVariables() {
		if value := p.cfg.getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// serviceEnv returns the whole environment of a service. Each variable has the user's value, or else
// the default. A list has both.
func (p plan) serviceEnv(r replica) []string {
	defaults := p.serviceDefaults(r)
	env := p.machineEnv()
	for _, name := range append(commonVariables(), findService(r.service).variables...) {
		value := p.cfg.getenv(name)
		switch {
		case value == "" || isOwn(name):
			value = defaults[name]
		case isList(name) && defaults[name] != "":
			value = defaults[name] + "," + value
		}
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// serviceDefaults returns the settings that connect the services to one system on this machine.
func (p plan) serviceDefaults(r replica) map[string]string {
	defaults := map[string]string{
		"LISTEN_ADDR":    r.address(),
		"DAPR_HTTP_PORT": strconv.Itoa(r.daprHTTP),
		"DAPR_GRPC_PORT": strconv.Itoa(r.daprGRPC),
		"APP_API_TOKEN":  p.secrets.AppAPIToken,
		"DAPR_API_TOKEN": p.secrets.DaprAPIToken,
		"LOG_FORMAT":     "text",
		"LOG_LEVEL":      "info",
		// Each view of a page has several requests. Their lines would hide the others in a terminal.
		"LOG_REQUESTS": "false",

		"DATABASE_URL":      p.databaseURL,
		"PUBLIC_URL":        p.pageURL(),
		"COOKIE_SECURE":     "false", // there is no TLS on this machine
		"CHANNEL_KEYS":      p.secrets.ChannelKeys,
		"VAPID_PUBLIC_KEY":  p.secrets.VAPIDPublicKey,
		"VAPID_PRIVATE_KEY": p.secrets.VAPIDPrivateKey,
		"VAPID_SUBJECT":     "mailto:admin@localhost",
		"ALLOWED_ORIGINS":   strings.Join(p.origins(), ","),
		"API_URLS":          strings.Join(p.urls("api"), ","),
		"LIVE_URLS":         strings.Join(p.urls("live"), ","),
	}
	if p.cfg.dev && r.service == "web" {
		defaults["PAGE_DIR"] = filepath.Join(p.cfg.root, "services", "web")
	}
	if r.service == "api" {
		defaults["SETUP_TOKEN"] = p.secrets.SetupToken
	}
	if urls := p.urls("assistant"); len(urls) > 0 {
		defaults["ASSISTANT_URL"] = urls[0]
	}
	if r.service == "api" || r.service == "assistant" {
		defaults["TRUSTED_PROXIES"] = "127.0.0.0/8" // web, which forwards the address of the person
	}
	return defaults
}

// sidecarEnv returns the whole environment of a sidecar. It exports its traces like the services, which speak
// OTLP over HTTP.
func (p plan) sidecarEnv(r replica) []string {
	env := p.machineEnv()
	if endpoint := p.cfg.getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint != "" {
		env = append(env, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_INSECURE="+strconv.FormatBool(strings.HasPrefix(endpoint, "http://")))
		for _, name := range exporterVariables() {
			if value := p.cfg.getenv(name); value != "" {
				env = append(env, name+"="+value)
			}
		}
	}
	return append(env,
		"APP_API_TOKEN="+p.token("APP_API_TOKEN", p.secrets.AppAPIToken),
		"DAPR_API_TOKEN="+p.token("DAPR_API_TOKEN", p.secrets.DaprAPIToken),
		"DAPR_HOST_IP=127.0.0.1", // the address for other sidecars
		"NAMESPACE=taskmaster",
		"POD_NAME="+r.id(),
	)
}

// token returns the user's token, which the services get too, or else the generated one.
func (p plan) token(name, generated string) string { return cmp.Or(p.cfg.getenv(name), generated) }

func (p plan) urls(service string) []string {
	var urls []string
	for _, r := range p.layout.replicas {
		if r.service == service {
			urls = append(urls, r.url())
		}
	}
	return urls
}

// origins returns all names under which a browser on this machine may have opened the page.
func (p plan) origins() []string {
	page := p.pageURL()
	if page == "" {
		return nil
	}
	origins := append([]string{page}, p.urls("web")...)
	slices.Sort(origins)
	return slices.Compact(origins)
}
