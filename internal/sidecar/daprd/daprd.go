// Package daprd builds the command lines of Dapr's programs on one machine: of daprd, which is the
// sidecar of an app, and of the scheduler, which stores jobs. Both listen on 127.0.0.1 only.
package daprd

import (
	"net"
	"strconv"
)

const host = "127.0.0.1"

// Sidecar describes one daprd and the app behind it.
type Sidecar struct {
	AppID        string
	AppPort      int
	HTTPPort     int
	GRPCPort     int
	InternalPort int      // for other sidecars
	Resources    []string // folders of components, subscriptions and resiliency policies
	Configs      []string // configuration files
	Scheduler    string   // host:port; empty if the app has no jobs
	// AskApp makes the sidecar ask the app for its subscriptions. Leave it out if all subscriptions are
	// declared in Resources.
	AskApp   bool
	LogLevel string
	Extra    []string // more flags
}

// Args returns the arguments of daprd.
func (s Sidecar) Args() []string {
	args := []string{
		"--app-id=" + s.AppID,
		"--app-port=" + strconv.Itoa(s.AppPort), "--app-channel-address=" + host,
		"--dapr-listen-addresses=" + host,
		"--dapr-http-port=" + strconv.Itoa(s.HTTPPort),
		"--dapr-grpc-port=" + strconv.Itoa(s.GRPCPort),
		"--dapr-internal-grpc-listen-address=" + host,
		"--dapr-internal-grpc-port=" + strconv.Itoa(s.InternalPort),
	}
	for _, dir := range s.Resources {
		args = append(args, "--resources-path="+dir)
	}
	for _, file := range s.Configs {
		args = append(args, "--config="+file)
	}
	if !s.AskApp {
		args = append(args, "--disable-init-endpoints=config,subscribe")
	}
	args = append(args,
		"--scheduler-host-address="+s.Scheduler,
		"--placement-host-address=", // only actors need placement
		"--enable-metrics=false",
		"--log-level="+s.LogLevel,
	)
	return append(args, s.Extra...)
}

// HealthURL returns the URL that answers 2xx once the sidecar is ready.
func (s Sidecar) HealthURL() string { return "http://" + address(s.HTTPPort) + "/v1.0/healthz" }

// Scheduler describes one Dapr scheduler with its own etcd.
type Scheduler struct {
	Port        int // for sidecars
	HealthPort  int
	EtcdPort    int
	PeerPort    int // of etcd
	DataDir     string
	IdentityDir string
	LogLevel    string
	Extra       []string // more flags
}

// Args returns the arguments of the scheduler.
func (s Scheduler) Args() []string {
	return append([]string{
		"--id=scheduler",
		"--listen-address=" + host, "--port=" + strconv.Itoa(s.Port),
		"--override-broadcast-host-port=" + address(s.Port),
		"--healthz-listen-address=" + host, "--healthz-port=" + strconv.Itoa(s.HealthPort),
		"--etcd-data-dir=" + s.DataDir,
		"--etcd-client-port=" + strconv.Itoa(s.EtcdPort),
		"--etcd-initial-cluster=scheduler=http://" + address(s.PeerPort),
		"--identity-directory-write=" + s.IdentityDir,
		"--enable-metrics=false",
		"--log-level=" + s.LogLevel,
	}, s.Extra...)
}

// HealthURL returns the URL that answers 2xx once the scheduler is healthy.
func (s Scheduler) HealthURL() string { return "http://" + address(s.HealthPort) + "/healthz" }

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
