package system

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Replica is an additional replica of a service, with a sidecar, beside those of the supervisor. It
// is never restarted: a process that a test ends stays ended.
type Replica struct {
	// Name is the name of the pod: the service's name and the replica's number.
	Name string
	// URL is the address of the service itself.
	URL string

	front            *httptest.Server // nil if the sidecar calls the service itself
	releasePorts     func()
	service, sidecar command
	serviceProcess   *ending
	sidecarProcess   *ending
}

// AddReplica starts a replica of a service like the supervisor's first replica, on ports of its
// own. It returns when both processes are ready. If front is not nil, the sidecar calls front's
// handler instead of the service itself.
func (s *System) AddReplica(ctx context.Context, service string, number int, front func(service http.Handler) http.Handler) (*Replica, error) {
	r := &Replica{Name: service + "-" + strconv.Itoa(number)}
	if err := r.copyFirst(ctx, s, service, front); err != nil {
		return nil, fmt.Errorf("replica %s: %w", r.Name, err)
	}
	if err := r.Start(ctx); err != nil {
		return nil, fmt.Errorf("replica %s: %w", r.Name, errors.Join(err, r.Close()))
	}
	return r, nil
}

// copyFirst copies programs, arguments and environments of the first replica, and changes the
// values that differ between replicas.
func (r *Replica) copyFirst(ctx context.Context, s *System, service string, front func(http.Handler) http.Handler) error {
	for role, c := range map[string]*command{RoleService: &r.service, RoleSidecar: &r.sidecar} {
		p, err := s.Process(role, service, 1)
		if err == nil {
			*c, err = commandOf(p.PID)
		}
		if err != nil {
			return err
		}
	}
	ports, release, err := freePorts(ctx, 4)
	if err != nil {
		return err
	}
	r.releasePorts = release // reserved for every restart of the replica
	address, daprHTTP, daprGRPC := fmt.Sprintf("127.0.0.1:%d", ports[0]), strconv.Itoa(ports[1]), strconv.Itoa(ports[2])
	appPort := strconv.Itoa(ports[0])
	if front != nil {
		r.front = httptest.NewServer(front(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})))
		_, appPort, _ = strings.Cut(r.front.Listener.Addr().String(), ":")
	}
	set(r.service.env, "LISTEN_ADDR=", address)
	set(r.service.env, "DAPR_HTTP_PORT=", daprHTTP)
	set(r.service.env, "DAPR_GRPC_PORT=", daprGRPC)
	set(r.sidecar.env, "POD_NAME=", r.Name)
	set(r.sidecar.args, "--app-port=", appPort)
	set(r.sidecar.args, "--dapr-http-port=", daprHTTP)
	set(r.sidecar.args, "--dapr-grpc-port=", daprGRPC)
	set(r.sidecar.args, "--dapr-internal-grpc-port=", strconv.Itoa(ports[3]))
	r.URL = "http://" + address
	r.service.ready = r.URL + "/readyz"
	r.sidecar.ready = "http://127.0.0.1:" + daprHTTP + "/v1.0/healthz"
	return nil
}

// set replaces the value after a prefix.
func set(list []string, prefix, value string) {
	for i := range list {
		if strings.HasPrefix(list[i], prefix) {
			list[i] = prefix + value
		}
	}
}

// Start starts the service and the sidecar, unless they run. It returns when both are ready.
func (r *Replica) Start(ctx context.Context) error {
	if err := r.service.run(ctx, &r.serviceProcess); err != nil {
		return fmt.Errorf("start service: %w", err)
	}
	if err := r.sidecar.run(ctx, &r.sidecarProcess); err != nil {
		return fmt.Errorf("start sidecar: %w", err)
	}
	return nil
}

// KillSidecar kills the sidecar (kill -9).
func (r *Replica) KillSidecar() { r.sidecarProcess.end(syscall.SIGKILL) }

// KillService kills the service (kill -9).
func (r *Replica) KillService() { r.serviceProcess.end(syscall.SIGKILL) }

// Close stops both processes in the order of a cluster. The sidecar stops first and returns its
// events.
func (r *Replica) Close() error {
	err := errors.Join(r.sidecarProcess.stop(), r.serviceProcess.stop())
	if r.front != nil {
		r.front.CloseClientConnections()
		r.front.Close()
	}
	r.releasePorts()
	return err
}

// command describes how to run a program.
type command struct {
	program, dir string
	args, env    []string
	ready        string // URL that answers 2xx
}

// commandOf reads the command of a running process.
func commandOf(pid int) (c command, err error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if c.program, err = os.Readlink(filepath.Join(proc, "exe")); err != nil {
		return c, err
	}
	if c.dir, err = os.Readlink(filepath.Join(proc, "cwd")); err != nil {
		return c, err
	}
	for file, list := range map[string]*[]string{"cmdline": &c.args, "environ": &c.env} {
		raw, err := os.ReadFile(filepath.Join(proc, file))
		if err != nil {
			return c, err
		}
		for part := range bytes.SplitSeq(bytes.TrimSuffix(raw, []byte{0}), []byte{0}) {
			*list = append(*list, string(part))
		}
	}
	c.args = c.args[1:] // the first is the program
	return c, nil
}

// run starts the program, unless its process still runs, and returns when it is ready.
func (c command) run(ctx context.Context, process **ending) error {
	if (*process).running() {
		return nil
	}
	e := &ending{cmd: exec.Command(c.program, c.args...), log: newLog(), ended: make(chan struct{})}
	e.cmd.Dir, e.cmd.Env = c.dir, c.env
	e.cmd.Stdout, e.cmd.Stderr = e.log, e.log
	if err := startChild(e.cmd, func(error) { close(e.ended) }); err != nil {
		return err
	}
	*process = e
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := Poll(ctx, func() error {
		if !e.running() {
			cancel() // no need to wait any longer
			return errors.New("it ended")
		}
		return getOK(ctx, c.ready)
	})
	if err != nil {
		e.end(syscall.SIGKILL)
		return fmt.Errorf("%w\n%s", err, e.log.tail(20))
	}
	return nil
}

// ending is a process that a test will end. A nil ending was never started.
type ending struct {
	cmd   *exec.Cmd
	log   *log
	ended chan struct{}
}

func (e *ending) running() bool {
	if e == nil {
		return false
	}
	select {
	case <-e.ended:
		return false
	default:
		return true
	}
}

// end sends a signal that ends the process, and waits.
func (e *ending) end(signal syscall.Signal) {
	_ = e.cmd.Process.Signal(signal) // the process may have ended already
	<-e.ended
}

// stop asks the process to end, and kills it after a while.
func (e *ending) stop() error {
	if e == nil {
		return nil
	}
	insist := time.AfterFunc(30*time.Second, func() { _ = e.cmd.Process.Kill() })
	e.end(syscall.SIGTERM)
	if !insist.Stop() {
		return fmt.Errorf("%s did not stop in time\n%s", filepath.Base(e.cmd.Path), e.log.tail(20))
	}
	return nil
}
