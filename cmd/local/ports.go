package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"

	"taskmaster/internal/portblock"
)

// layout holds the ports of everything that listens.
type layout struct {
	postgres                                                 int    // 0: the user brought a database
	broker                                                   int    // for sidecars
	brokerOther                                              [2]int // for the broker itself
	scheduler, schedulerHealth, schedulerEtcd, schedulerPeer int
	replicas                                                 []replica
}

// replica is one process of a service, and its sidecar.
type replica struct {
	service string
	number  int // from 1
	host    string
	ports
}

// id returns the name of the replica: "live" for the first, "live-2" for the next.
func (r replica) id() string {
	if r.number == 1 {
		return r.service
	}
	return r.service + "-" + strconv.Itoa(r.number)
}

func (r replica) address() string         { return net.JoinHostPort(r.host, strconv.Itoa(r.http)) }
func (r replica) url() string             { return "http://" + loopback(r.host, r.http) }
func (r replica) daprHTTPAddress() string { return loopback("", r.daprHTTP) }
func (r replica) daprGRPCAddress() string { return loopback("", r.daprGRPC) }

// loopback returns the address at which this machine reaches a listener on the host.
func loopback(host string, port int) string {
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// fixedLayout returns the layout with fixed ports. They are below the ports that operating systems
// give to outgoing connections: 32768 and up on Linux, 49152 (RFC 6335) elsewhere. So only a server
// can occupy one.
func fixedLayout(cfg config) (layout, error) {
	l := layout{
		postgres: 3900, broker: 3901, brokerOther: [2]int{3902, 3903},
		scheduler: 3800, schedulerHealth: 3801, schedulerEtcd: 3802, schedulerPeer: 3803,
	}
	if cfg.getenv("DATABASE_URL") != "" {
		l.postgres = 0
	}
	host, port, err := net.SplitHostPort(cfg.addr)
	if err != nil {
		return layout{}, fmt.Errorf("-addr: %w", err)
	}
	webPort, err := strconv.Atoi(port)
	if err != nil {
		return layout{}, fmt.Errorf("-addr: %q is not a port number", port)
	}
	for _, name := range cfg.services {
		for n := range max(1, cfg.replicas[name]) {
			r := replica{service: name, number: n + 1, host: "127.0.0.1", ports: findService(name).fixed}
			for _, p := range r.all() {
				*p += 10 * n
			}
			if name == "web" && n == 0 {
				r.host, r.http = host, webPort
			}
			l.replicas = append(l.replicas, r)
		}
	}
	return l, nil
}

func (p *ports) all() []*int { return []*int{&p.http, &p.daprHTTP, &p.daprGRPC, &p.daprInternal} }

// listener is a port on which a process of the system will listen.
type listener struct {
	owner string
	host  string
	port  *int
}

// listeners returns all ports of the layout.
func (l *layout) listeners() []listener {
	var list []listener
	if l.postgres != 0 {
		list = append(list, listener{"postgres", "127.0.0.1", &l.postgres})
	}
	list = append(list, []listener{
		{"broker", "127.0.0.1", &l.broker},
		{"broker, second port", "127.0.0.1", &l.brokerOther[0]},
		{"broker, third port", "127.0.0.1", &l.brokerOther[1]},
		{"scheduler", "127.0.0.1", &l.scheduler},
		{"scheduler's health", "127.0.0.1", &l.schedulerHealth},
		{"scheduler's etcd", "127.0.0.1", &l.schedulerEtcd},
		{"scheduler's etcd peer", "127.0.0.1", &l.schedulerPeer},
	}...)
	for i := range l.replicas {
		r := &l.replicas[i]
		list = append(list,
			listener{r.id(), r.host, &r.http},
			listener{r.id() + "'s sidecar, HTTP", "127.0.0.1", &r.daprHTTP},
			listener{r.id() + "'s sidecar, gRPC", "127.0.0.1", &r.daprGRPC},
			listener{r.id() + "'s sidecar, internal", "127.0.0.1", &r.daprInternal})
	}
	return list
}

// claim checks that all ports of the layout are free. With free, it first replaces every port by one
// that no other system gets until release is called. So a restarted process finds its port free. The
// port of the page is only replaced if it is 0.
func (l *layout) claim(ctx context.Context, free bool) (release func(), err error) {
	wanted := l.listeners()
	if !free {
		return func() {}, checkPorts(ctx, wanted)
	}
	// The user's choice of the page's port stands. It is occupied here, so that no process gets it.
	if i := slices.IndexFunc(wanted, func(ln listener) bool { return ln.owner == "web" }); i >= 0 && *wanted[i].port != 0 {
		page, err := wanted[i].listen(ctx)
		if err != nil {
			return nil, err
		}
		defer page.Close()
		wanted = slices.Delete(wanted, i, i+1)
	}
	hosts := make([]string, len(wanted))
	for i, ln := range wanted {
		hosts[i] = ln.host
	}
	taken, release, err := portblock.Take(ctx, hosts...)
	if err != nil {
		return nil, err
	}
	for i, ln := range wanted {
		*ln.port = taken[i]
	}
	return release, nil
}

// checkPorts checks that all these can listen at the same time.
func checkPorts(ctx context.Context, wanted []listener) error {
	// All stay open until the end, so that a port cannot be listed twice.
	var open []net.Listener
	defer func() {
		for _, ln := range open {
			_ = ln.Close()
		}
	}()
	for _, want := range wanted {
		ln, err := want.listen(ctx)
		if err != nil {
			return err
		}
		open = append(open, ln)
	}
	return nil
}

// portTakenError reports that another program listens on a port.
type portTakenError struct {
	port  int
	owner string
}

func (e portTakenError) Error() string {
	return fmt.Sprintf("port %d (%s) is taken: stop the program that listens there, or use other ports with -ports free", e.port, e.owner)
}

func (l listener) listen(ctx context.Context) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(l.host, strconv.Itoa(*l.port)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, portTakenError{*l.port, l.owner}
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %d (%s) may not be listened on by this user: choose one above 1023 with -addr", *l.port, l.owner)
	case err != nil:
		return nil, fmt.Errorf("port %d (%s): %w", *l.port, l.owner, err)
	}
	return ln, nil
}
