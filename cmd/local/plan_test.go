package main

import (
	"errors"
	"flag"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"taskmaster/cmd/local/supervise"
)

func noEnv(string) string { return "" }

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args    string
		wantErr string // part of it
	}{
		"defaults":                          {"", ""},
		"build":                             {"build", ""},
		"build with an argument":            {"build everything", `"everything"`},
		"an unknown flag":                   {"-port 80", "-port"},
		"an unknown kind of ports":          {"-ports some", `"some"`},
		"an address without port":           {"-addr localhost", "-addr"},
		"an unknown service":                {"-services api,web,mail", `"mail"`},
		"replicas":                          {"-replicas live=2,recurring=3", ""},
		"replicas without number":           {"-replicas live", `"live"`},
		"no replica":                        {"-replicas live=0", `"live=0"`},
		"too many replicas":                 {"-replicas live=10", `"live=10"`},
		"replicas of a service that is off": {"-services api -replicas live=2", `"live"`},
		"no services":                       {"-services=", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadConfig(strings.Fields(tt.args), noEnv, io.Discard)
			if tt.wantErr == "" && err != nil {
				t.Errorf("got error %v", err)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("got error %v, want one with %s", err, tt.wantErr)
			}
		})
	}
	if _, err := loadConfig([]string{"-h"}, noEnv, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: got error %v", err)
	}
}

func mustConfig(t *testing.T, getenv func(string) string, args ...string) config {
	t.Helper()
	cfg, err := loadConfig(args, getenv, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func mustLayout(t *testing.T, cfg config) layout {
	t.Helper()
	l, err := fixedLayout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFixedPorts(t *testing.T) {
	t.Parallel()
	replicas := "-replicas=web=9,api=9,recurring=9,notifier=9,live=9,assistant=9"
	l := mustLayout(t, mustConfig(t, noEnv, replicas))
	owners := map[int]string{}
	for _, ln := range l.listeners() {
		if other, taken := owners[*ln.port]; taken {
			t.Errorf("port %d is both for %s and %s", *ln.port, other, ln.owner)
		}
		owners[*ln.port] = ln.owner
	}
	// Documents and other programs name these.
	for port, want := range map[int]string{8080: "web", 8081: "api", 3500: "api's sidecar, HTTP", 3600: "api's sidecar, gRPC"} {
		if got := owners[port]; got != want {
			t.Errorf("port %d is for %q, want %q", port, got, want)
		}
	}

	l = mustLayout(t, mustConfig(t, noEnv, "-addr=0.0.0.0:9000"))
	if got, want := l.replicas[0].address(), "0.0.0.0:9000"; got != want {
		t.Errorf("web listens on %s, want %s", got, want)
	}
	if got, want := l.replicas[0].url(), "http://127.0.0.1:9000"; got != want {
		t.Errorf("web is reached at %s, want %s", got, want)
	}
	external := mustLayout(t, mustConfig(t, func(name string) string {
		return map[string]string{"DATABASE_URL": "postgres://elsewhere/db"}[name]
	}))
	if external.postgres != 0 {
		t.Errorf("PostgreSQL gets port %d although the user brought a database", external.postgres)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	// Systems that run at the same time share no port, even while no process listens yet.
	var l layout
	seen := map[int]bool{}
	for range 20 {
		l = mustLayout(t, mustConfig(t, noEnv, "-ports=free", "-replicas=live=2"))
		release, err := l.claim(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		for _, ln := range l.listeners() {
			if *ln.port == 0 || seen[*ln.port] {
				t.Errorf("%s has port %d", ln.owner, *ln.port)
			}
			seen[*ln.port] = true
		}
	}

	for _, ln := range l.listeners() {
		if ln.owner == "api" {
			*ln.port = port
		}
	}
	_, err = l.claim(t.Context(), false)
	if want := "port " + strconv.Itoa(port) + " (api) is taken"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want %s", err, want)
	}

	l = mustLayout(t, mustConfig(t, noEnv, "-ports=free", "-addr=127.0.0.1:"+strconv.Itoa(port)))
	_, err = l.claim(t.Context(), true)
	if want := "port " + strconv.Itoa(port) + " (web) is taken"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func mustPlan(t *testing.T, getenv func(string) string, args ...string) plan {
	t.Helper()
	cfg := mustConfig(t, getenv, args...)
	return plan{
		cfg: cfg, layout: mustLayout(t, cfg), databaseURL: "postgres://db/taskmaster", self: "local",
		secrets: secrets{
			AppAPIToken: "app-token", DaprAPIToken: "dapr-token", NATSToken: "nats-token", SetupToken: "setup-token",
			ChannelKeys: "channel-keys", VAPIDPublicKey: "public", VAPIDPrivateKey: "private",
		},
	}
}

// environment returns a process's variables by name.
func environment(env []string) map[string]string {
	m := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		m[name] = value
	}
	return m
}

func TestServiceEnvironment(t *testing.T) {
	t.Parallel()
	p := mustPlan(t, func(name string) string {
		return map[string]string{
			"PATH": "/bin", "SMTP_URL": "smtp://mail", "RATE_PER_MINUTE": "7", "LISTEN_ADDR": "0.0.0.0:1",
			"AWS_SECRET_ACCESS_KEY": "theirs",
		}[name]
	}, "-replicas=live=2,api=2")

	want := map[string]map[string]string{
		"api": {
			"LISTEN_ADDR": "127.0.0.1:8081", "DAPR_HTTP_PORT": "3500", "DAPR_GRPC_PORT": "3600",
			"APP_API_TOKEN": "app-token", "DAPR_API_TOKEN": "dapr-token", "LOG_FORMAT": "text", "LOG_LEVEL": "info",
			"DATABASE_URL": "postgres://db/taskmaster", "PUBLIC_URL": "http://localhost:8080", "COOKIE_SECURE": "false",
			"TRUSTED_PROXIES": "127.0.0.0/8", "VAPID_PUBLIC_KEY": "public", "RATE_PER_MINUTE": "7", "PATH": "/bin",
			"CHANNEL_KEYS": "channel-keys",
		},
		"api-2": {"LISTEN_ADDR": "127.0.0.1:8091", "DAPR_HTTP_PORT": "3510", "DAPR_GRPC_PORT": "3610"},
		"recurring": {
			"LISTEN_ADDR": "127.0.0.1:8082", "DAPR_HTTP_PORT": "3501", "DAPR_GRPC_PORT": "3601",
			"APP_API_TOKEN": "app-token", "DAPR_API_TOKEN": "dapr-token", "LOG_FORMAT": "text", "LOG_LEVEL": "info", "LOG_REQUESTS": "false", "PATH": "/bin",
		},
		"notifier": {
			"CHANNEL_KEYS": "channel-keys", "VAPID_PRIVATE_KEY": "private", "VAPID_SUBJECT": "mailto:admin@localhost", "SMTP_URL": "smtp://mail",
		},
		"live": {"ALLOWED_ORIGINS": "http://127.0.0.1:8080,http://localhost:8080"},
		"web": {
			"API_URLS": "http://127.0.0.1:8081,http://127.0.0.1:8091", "LIVE_URLS": "http://127.0.0.1:8084,http://127.0.0.1:8094",
			"ASSISTANT_URL": "http://127.0.0.1:8085",
		},
		"assistant": {
			"API_URLS": "http://127.0.0.1:8081,http://127.0.0.1:8091", "PUBLIC_URL": "http://localhost:8080", "TRUSTED_PROXIES": "127.0.0.0/8",
		},
	}
	for _, r := range p.layout.replicas {
		got := environment(p.serviceEnv(r))
		for name, value := range want[r.id()] {
			if got[name] != value {
				t.Errorf("%s: %s is %q, want %q", r.id(), name, got[name], value)
			}
		}
		if r.service == "recurring" && !maps.Equal(got, want["recurring"]) {
			t.Errorf("recurring gets %v, want %v", got, want["recurring"])
		}
		if _, ok := got["AWS_SECRET_ACCESS_KEY"]; ok {
			t.Errorf("%s gets settings of other services", r.id())
		}
	}
}

// The user's proxies in front of web do not replace web, which api has to trust.
func TestTrustedProxiesOfTheUserAreAdded(t *testing.T) {
	t.Parallel()
	p := mustPlan(t, func(name string) string {
		return map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.7/32"}[name]
	})
	want := map[string]string{
		"api": "127.0.0.0/8,10.0.0.0/8,192.0.2.7/32", "assistant": "127.0.0.0/8,10.0.0.0/8,192.0.2.7/32", "web": "10.0.0.0/8,192.0.2.7/32",
	}
	for _, r := range p.layout.replicas {
		if got := environment(p.serviceEnv(r))["TRUSTED_PROXIES"]; got != want[r.service] {
			t.Errorf("%s trusts %q, want %q", r.service, got, want[r.service])
		}
	}
}

// With -dev web serves the page's files from the repository. No other service has such files.
func TestDevServesThePageFromDisk(t *testing.T) {
	t.Parallel()
	noEnv := func(string) string { return "" }
	page := filepath.Join("services", "web")
	p := mustPlan(t, noEnv, "-dev")
	for _, r := range p.layout.replicas {
		got := environment(p.serviceEnv(r))["PAGE_DIR"]
		if isPage := strings.HasSuffix(got, page); isPage != (r.service == "web") {
			t.Errorf("%s has PAGE_DIR %q", r.service, got)
		}
	}
	p = mustPlan(t, noEnv)
	for _, r := range p.layout.replicas {
		if got := environment(p.serviceEnv(r))["PAGE_DIR"]; got != "" {
			t.Errorf("without -dev %s has PAGE_DIR %q", r.service, got)
		}
	}
}

// Every variable that a service reads can be set by the user.
func TestServicesGetTheVariablesTheyRead(t *testing.T) {
	t.Parallel()
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) []string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, match := range regexp.MustCompile(`env:"(\w+)"`).FindAllSubmatch(b, -1) {
			names = append(names, string(match[1]))
		}
		return names
	}
	for _, name := range read("internal/server/config.go") {
		if !slices.Contains(commonVariables(), name) {
			t.Errorf("services do not get %s", name)
		}
	}
	for _, s := range catalogue() {
		for _, name := range read("services/" + s.name + "/config.go") {
			if !slices.Contains(s.variables, name) {
				t.Errorf("%s does not get %s: add it to the catalogue", s.name, name)
			}
		}
	}
}

func TestSidecar(t *testing.T) {
	t.Parallel()
	p := mustPlan(t, noEnv, "-replicas=live=2")
	for _, r := range p.layout.replicas {
		s := p.sidecar(r)
		for _, want := range []string{"--app-id=" + r.service, "--app-port=" + strconv.Itoa(r.http), "--log-level=warn", "--dapr-listen-addresses=127.0.0.1"} {
			if !slices.Contains(s.Args, want) {
				t.Errorf("%s: no argument %s in %v", s.Name, want, s.Args)
			}
		}
		for _, arg := range s.Args {
			name, path, _ := strings.Cut(arg, "=")
			if name != "--resources-path" && name != "--config" {
				continue
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		env := environment(s.Env)
		if env["POD_NAME"] != r.id() || env["APP_API_TOKEN"] != "app-token" || env["DAPR_API_TOKEN"] != "dapr-token" {
			t.Errorf("%s: environment %v", s.Name, env)
		}
	}
	// All users of the machine can read a process's arguments.
	first := p.layout.replicas[0]
	for _, s := range []supervise.Program{p.newBroker(nil).Program(), p.scheduler(), p.sidecar(first), p.service(first)} {
		if all := strings.Join(s.Args, " "); strings.Contains(all, "-token") || strings.Contains(all, "postgres://") {
			t.Errorf("%s: a secret in the arguments %s", s.Name, all)
		}
	}
}

// The set-up link leads to the public address, if there is one.
func TestSetupLink(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{
		"": "http://localhost:8080/enter?invite=setup-token", "https://tasks.example.com": "https://tasks.example.com/enter?invite=setup-token",
	} {
		p := mustPlan(t, func(name string) string { return map[string]string{"PUBLIC_URL": public}[name] })
		if got := p.setupLink(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
