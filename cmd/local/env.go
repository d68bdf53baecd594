package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// machine are the variables of the user's environment that every program may need of the machine.
var machine = []string{"PATH", "HOME", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT", "TEMP", "TMP"}

// common are the variables that every service has.
var common = []string{
	"LISTEN_ADDR", "DAPR_GRPC_PORT", "DAPR_HTTP_PORT", "APP_API_TOKEN", "DAPR_API_TOKEN", "LOG_FORMAT", "LOG_LEVEL",
}

// own are variables that say which process it is; the user's value could not be right for all. There is no TLS on this machine.
var own = []string{"LISTEN_ADDR", "DAPR_GRPC_PORT", "DAPR_HTTP_PORT", "TLS_CERT_FILE", "TLS_KEY_FILE"}

// added are lists to which the user's value adds. Without our part of them the system would not work: api limits by address, and
// would take web's for everybody's.
var added = []string{"TRUSTED_PROXIES"}

func (p plan) systemEnv() []string {
	var env []string
	for _, name := range machine {
		if value := p.cfg.getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// serviceEnv is a service's whole environment: of each variable it knows, the user's value, else ours; of a list in added,
// both.
func (p plan) serviceEnv(r replica) []string {
	ours := p.values(r)
	env := p.systemEnv()
	for _, name := range append(slices.Clone(common), find(r.service).variables...) {
		value := p.cfg.getenv(name)
		switch {
		case value == "" || slices.Contains(own, name):
			value = ours[name]
		case slices.Contains(added, name) && ours[name] != "":
			value = ours[name] + "," + value
		}
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// values are the settings that make the services one system on this machine.
func (p plan) values(r replica) map[string]string {
	values := map[string]string{
		"LISTEN_ADDR":    r.address(),
		"DAPR_HTTP_PORT": strconv.Itoa(r.daprHTTP),
		"DAPR_GRPC_PORT": strconv.Itoa(r.daprGRPC),
		"APP_API_TOKEN":  p.secrets.AppAPIToken,
		"DAPR_API_TOKEN": p.secrets.DaprAPIToken,
		"LOG_FORMAT":     "text",
		"LOG_LEVEL":      "info",

		"DATABASE_URL":      p.databaseURL,
		"PUBLIC_URL":        p.pageURL(),
		"COOKIE_SECURE":     "false", // there is no TLS on this machine
		"VAPID_PUBLIC_KEY":  p.secrets.VAPIDPublicKey,
		"VAPID_PRIVATE_KEY": p.secrets.VAPIDPrivateKey,
		"VAPID_SUBJECT":     "mailto:admin@localhost",
		"ALLOWED_ORIGINS":   strings.Join(p.origins(), ","),
		"API_URLS":          strings.Join(p.urls("api"), ","),
		"LIVE_URLS":         strings.Join(p.urls("live"), ","),
	}
	if p.cfg.dev && r.service == "web" {
		values["PAGE_DIR"] = filepath.Join(p.cfg.root, "services", "web")
	}
	if r.service == "api" {
		values["TRUSTED_PROXIES"] = "127.0.0.0/8" // web, which says for whom it calls
	}
	return values
}

// sidecarEnv is a sidecar's whole environment.
func (p plan) sidecarEnv(r replica) []string {
	return append(p.systemEnv(),
		"APP_API_TOKEN="+p.token("APP_API_TOKEN", p.secrets.AppAPIToken),
		"DAPR_API_TOKEN="+p.token("DAPR_API_TOKEN", p.secrets.DaprAPIToken),
		"DAPR_HOST_IP=127.0.0.1", // other sidecars find it there
		"NAMESPACE=taskmaster",
		"POD_NAME="+r.id(),
	)
}

// token is the user's, like in the services, else ours.
func (p plan) token(name, ours string) string {
	if value := p.cfg.getenv(name); value != "" {
		return value
	}
	return ours
}

func (p plan) urls(service string) []string {
	var urls []string
	for _, r := range p.layout.replicas {
		if r.service == service {
			urls = append(urls, r.url())
		}
	}
	return urls
}

// origins are the names under which a browser on this machine may have opened the page.
func (p plan) origins() []string {
	page := p.pageURL()
	if page == "" {
		return nil
	}
	origins := append([]string{page}, p.urls("web")...)
	slices.Sort(origins)
	return slices.Compact(origins)
}
