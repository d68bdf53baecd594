package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/console"
	"taskmaster/internal/portblock"
	"taskmaster/internal/sidecar/daprd"
	"taskmaster/internal/testkit"
)

// daprEnv is a real scheduler and a real sidecar in front of an app.
type daprEnv struct {
	t                      *testing.T
	bin, dir               string
	scheduler, health      int
	etcdClient, etcdServer int
	grpc, http             int
	killScheduler          func()
}

// newDaprEnv starts a scheduler and a sidecar. The sidecar calls the app at an address with a
// token.
func newDaprEnv(t *testing.T, app net.Addr, token string) *daprEnv {
	t.Helper()
	d := &daprEnv{t: t, bin: daprBin(t), dir: t.TempDir()}
	var internal int
	ports := []*int{&d.scheduler, &d.health, &d.etcdClient, &d.etcdServer, &d.grpc, &d.http, &internal}
	free, release, err := portblock.Take(t.Context(), slices.Repeat([]string{"127.0.0.1"}, len(ports))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release) // after all programs are killed: a restarted scheduler needs the same ports
	for i, port := range ports {
		*port = free[i]
	}
	d.startScheduler()
	d.start("daprd", []string{"APP_API_TOKEN=" + token},
		daprd.Sidecar{
			AppID: "api", AppPort: app.(*net.TCPAddr).Port, HTTPPort: d.http, GRPCPort: d.grpc, InternalPort: internal,
			Scheduler: "127.0.0.1:" + strconv.Itoa(d.scheduler), LogLevel: "warn",
		}.Args()...)
	d.await(d.http, "/v1.0/healthz")
	return d
}

// startScheduler starts the scheduler with its stored data.
func (d *daprEnv) startScheduler() {
	d.t.Helper()
	d.killScheduler = d.start("scheduler", nil, daprd.Scheduler{
		Port: d.scheduler, HealthPort: d.health, EtcdPort: d.etcdClient, PeerPort: d.etcdServer,
		DataDir: filepath.Join(d.dir, "etcd"), IdentityDir: filepath.Join(d.dir, "identity"), LogLevel: "fatal",
	}.Args()...)
	d.await(d.health, "/healthz")
}

// start starts a program. kill ends it; otherwise the end of the test does.
func (d *daprEnv) start(program string, env []string, args ...string) (kill func()) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(d.bin, program), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = d.dir
	// The scheduler logs every step of its database, which no test needs.
	if program == "daprd" {
		cmd.Stdout, cmd.Stderr = d.t.Output(), d.t.Output()
	}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // The program may have ended.
		_ = cmd.Wait()         // The error reports the kill.
	})
	d.t.Cleanup(kill)
	return kill
}

// startTimeout is the limit for the start of a program, as in cmd/local. A busy machine is slow.
const startTimeout = 90 * time.Second

func (d *daprEnv) await(port int, path string) {
	d.t.Helper()
	testkit.Within(d.t, startTimeout, fmt.Sprintf("port %d answers", port), func() bool {
		ctx, cancel := context.WithTimeout(d.t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
		if err != nil {
			d.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode/100 == 2
	})
}

// daprBin returns the folder of daprd and scheduler. It builds missing programs, which takes minutes.
func daprBin(t *testing.T) string {
	t.Helper()
	const root = "../.."
	log := console.New(t.Output(), 0).Lines("build", nil)
	builder := build.New(root, log, func(string) func() { return func() {} })
	if err := builder.BuildDapr(t.Context(), "daprd", "scheduler"); err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(build.BinDir(root))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
