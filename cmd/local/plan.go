package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
)

// spec is a program to run.
type spec struct {
	name    string // of the process, as the log shows it
	role    string // service, sidecar, broker or scheduler
	program string
	args    []string
	env     []string
	dir     string
	ready   string // URL that answers 2xx when it can be used; empty when that is found out otherwise
}

// plan says how to run everything but PostgreSQL. It is made of values alone, so that it can be tested.
type plan struct {
	cfg         config
	layout      layout
	secrets     secrets
	databaseURL string
	self        string // this program
	dapr        daprPrograms
}

func (p plan) bin(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(binDir(p.cfg.root), name)
}

// daprDir is what the sidecars run in: their configuration names files relative to it.
func (p plan) daprDir() string { return filepath.Join(p.cfg.dir, "dapr") }

func (p plan) scheduler() spec {
	l := p.layout
	return spec{
		name: "scheduler", role: "scheduler", program: cmp.Or(p.dapr.scheduler, p.bin(schedulerProgram)), dir: p.cfg.dir, env: p.systemEnv(),
		args: append([]string{
			"--id=scheduler",
			"--listen-address=127.0.0.1", "--port=" + strconv.Itoa(l.scheduler),
			"--override-broadcast-host-port=" + loopback("", l.scheduler),
			"--healthz-listen-address=127.0.0.1", "--healthz-port=" + strconv.Itoa(l.schedulerHealth),
			"--etcd-data-dir=" + filepath.Join(p.cfg.dir, "scheduler"),
			"--etcd-client-listen-address=127.0.0.1", "--etcd-client-port=" + strconv.Itoa(l.schedulerEtcd),
			"--etcd-initial-cluster=scheduler=http://" + loopback("", l.schedulerPeer),
			"--identity-directory-write=" + filepath.Join(p.cfg.dir, "dapr", "identity"),
			"--enable-metrics=false",
			"--log-level=" + p.daprLogLevel(),
		}, p.cfg.tuning.scheduler.flags()...),
		ready: "http://" + loopback("", l.schedulerHealth) + "/healthz",
	}
}

// service is one replica's own process.
func (p plan) service(r replica) spec {
	return spec{
		name: r.id(), role: "service", program: p.bin(r.service), dir: p.cfg.dir, env: p.serviceEnv(r),
		ready: r.url() + "/readyz",
	}
}

func sidecarName(r replica) string { return r.id() + "/dapr" }

// sidecar is one replica's daprd.
func (p plan) sidecar(r replica) spec {
	dapr := filepath.Join(p.cfg.root, "dapr")
	return spec{
		name: sidecarName(r), role: "sidecar", program: cmp.Or(p.dapr.daprd, p.bin(daprdProgram)), dir: p.daprDir(), env: p.sidecarEnv(r),
		args: []string{
			"--app-id=" + r.service,
			"--app-port=" + strconv.Itoa(r.http), "--app-channel-address=127.0.0.1",
			"--dapr-listen-addresses=127.0.0.1",
			"--dapr-http-port=" + strconv.Itoa(r.daprHTTP),
			"--dapr-grpc-port=" + strconv.Itoa(r.daprGRPC),
			"--dapr-internal-grpc-listen-address=127.0.0.1",
			"--dapr-internal-grpc-port=" + strconv.Itoa(r.daprInternal),
			"--resources-path=" + filepath.Join(dapr, "subscriptions"),
			"--resources-path=" + filepath.Join(dapr, "resiliency"),
			"--resources-path=" + filepath.Join(dapr, "local"),
			"--resources-path=" + p.cfg.components, // last: a resiliency file among the components changes the other
			"--config=" + filepath.Join(dapr, "configuration", "taskmaster.yaml"),
			"--config=" + filepath.Join(dapr, "local", "configuration.yaml"),
			"--scheduler-host-address=" + loopback("", p.layout.scheduler),
			"--placement-host-address=", // there are no actors
			// A service that is gone gets no events; they wait in the broker, or go to another replica.
			"--enable-app-health-check", "--app-health-check-path=/healthz",
			"--app-health-probe-interval=1", "--app-health-probe-timeout=900", "--app-health-threshold=3",
			"--disable-init-endpoints=config,subscribe", // everything is declared in files
			"--dapr-graceful-shutdown-seconds=5",
			"--enable-metrics=false",
			"--log-level=" + p.daprLogLevel(),
		},
		ready: "http://" + r.daprHTTPAddress() + "/v1.0/healthz",
	}
}

func (p plan) daprLogLevel() string {
	if level := p.cfg.getenv("DAPR_LOG_LEVEL"); level != "" {
		return level
	}
	return "warn"
}

// pageURL is what people open.
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
