package main

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/component"
	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/sidecar/daprd"
)

// plan decides how to run everything but PostgreSQL. It only computes values, so that tests can
// check them without starting a process.
type plan struct {
	cfg         config
	layout      layout
	secrets     secrets
	databaseURL string
	self        string // path of this program
	dapr        build.DaprPrograms
}

// bin returns the path of a program that was built here.
func (p plan) bin(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(build.BinDir(p.cfg.root), name)
}

// daprDir returns the working directory of sidecars. Their configuration names files relative to it.
func (p plan) daprDir() string { return filepath.Join(p.cfg.dir, "dapr") }

// daprSecretsFile returns the file in which sidecars find the secrets of components.
func (p plan) daprSecretsFile() string { return filepath.Join(p.daprDir(), "secrets.json") }

func (p plan) scheduler() supervise.Program {
	l := p.layout
	flags := daprd.Scheduler{
		Port: l.scheduler, HealthPort: l.schedulerHealth, EtcdPort: l.schedulerEtcd, PeerPort: l.schedulerPeer,
		DataDir: filepath.Join(p.cfg.dir, "scheduler"), IdentityDir: filepath.Join(p.daprDir(), "identity"),
		LogLevel: p.daprLogLevel(),
	}
	for _, option := range p.cfg.tuning.scheduler.pairs() {
		flags.Extra = append(flags.Extra, "--"+option)
	}
	return supervise.Program{
		Name: "scheduler", Path: cmp.Or(p.dapr.Scheduler, p.bin(build.Scheduler)), Args: flags.Args(),
		Dir: p.cfg.dir, Env: p.machineEnv(), Ready: flags.HealthURL(),
	}
}

// service returns the program of one replica of a service.
func (p plan) service(r replica) supervise.Program {
	return supervise.Program{Name: r.id(), Path: p.bin(r.service), Dir: p.cfg.dir, Env: p.serviceEnv(r), Ready: r.url() + "/readyz"}
}

func sidecarName(r replica) string { return r.id() + "/dapr" }

// sidecar returns the program of one replica's sidecar.
func (p plan) sidecar(r replica) supervise.Program {
	dapr := filepath.Join(p.cfg.root, "dapr")
	flags := daprd.Sidecar{
		AppID: r.service, AppPort: r.http, HTTPPort: r.daprHTTP, GRPCPort: r.daprGRPC, InternalPort: r.daprInternal,
		Resources: []string{
			filepath.Join(dapr, "subscriptions"), filepath.Join(dapr, "resiliency"), filepath.Join(dapr, "state"), filepath.Join(dapr, "local"),
			p.cfg.components, // last: a resiliency file beside the components overrides the one above
		},
		Configs:   []string{filepath.Join(dapr, "configuration", "taskmaster.yaml"), filepath.Join(dapr, "local", "configuration.yaml")},
		Scheduler: loopback("", p.layout.scheduler),
		AskApp:    p.dapr.AskApp,
		LogLevel:  p.daprLogLevel(),
		Extra: []string{
			// A sidecar whose service is away takes no events. They wait in the broker, or go to another
			// replica.
			"--enable-app-health-check", "--app-health-check-path=/healthz",
			"--app-health-probe-interval=1", "--app-health-probe-timeout=900", "--app-health-threshold=3",
			"--dapr-graceful-shutdown-seconds=5",
		},
	}
	return supervise.Program{
		Name: sidecarName(r), Path: cmp.Or(p.dapr.Daprd, p.bin(build.Daprd)), Args: flags.Args(),
		Dir: p.daprDir(), Env: p.sidecarEnv(r), Ready: flags.HealthURL(),
	}
}

func (p plan) daprLogLevel() string { return cmp.Or(p.cfg.getenv("DAPR_LOG_LEVEL"), "warn") }

// pageURL returns the URL of the page for people. It is empty if web does not run.
func (p plan) pageURL() string {
	for _, r := range p.layout.replicas {
		if r.service == "web" && r.number == 1 {
			if r.host == "127.0.0.1" {
				return fmt.Sprintf("http://localhost:%d", r.http)
			}
			return r.url()
		}
	}
	return ""
}

// setupLink returns the link that makes the account of an administrator. It is empty if web does not run.
func (p plan) setupLink() string {
	page := cmp.Or(p.cfg.getenv("PUBLIC_URL"), p.pageURL())
	if page == "" {
		return ""
	}
	return strings.TrimSuffix(page, "/") + "/enter?invite=" + url.QueryEscape(p.token("SETUP_TOKEN", p.secrets.SetupToken))
}

// newDoctor returns the doctor that explains problems of the components.
func (p plan) newDoctor() *component.Doctor {
	return component.NewDoctor(component.Config{
		Root: p.cfg.root, Folder: p.cfg.components, SecretsFile: p.daprSecretsFile(), Daprd: p.dapr.Daprd, Broker: p.cfg.broker.name,
	})
}
