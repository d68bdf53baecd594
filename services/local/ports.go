package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// layout says where everything listens.
type layout struct {
	postgres                                                 int    // 0: the user brought one
	broker                                                   int    // where sidecars reach it
	brokerOther                                              [2]int // what else it listens on
	scheduler, schedulerHealth, schedulerEtcd, schedulerPeer int
	replicas                                                 []replica
}

// replica is one process of a service and its sidecar.
type replica struct {
	service string
	number  int // from 1
	host    string
	ports
}

// id tells replicas apart: "live" is the first, "live-2" the next.
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

// loopback is the address at which this machine reaches a listener on the host.
func loopback(host string, port int) string {
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// fixedLayout is the layout with the ports that are always the same. They lie below those that systems give to outgoing
// connections (32768 and up on Linux, RFC 6335's 49152 elsewhere), so that only a server can have taken one.
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
			r := replica{service: name, number: n + 1, host: "127.0.0.1", ports: find(name).fixed}
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

// listener is a port that something of ours will take.
type listener struct {
	owner string
	host  string
	port  *int
}

// listeners lists all ports of the layout.
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

// claim checks that all ports of the layout can be listened on. With free it first gives every port another that is free
// (the page's only when it is 0).
func (l *layout) claim(ctx context.Context, free bool) error {
	// All stay open until the last is found, so that none is found twice.
	var open []net.Listener
	defer func() {
		for _, ln := range open {
			_ = ln.Close()
		}
	}()
	for _, want := range l.listeners() {
		ln, err := want.listen(ctx, free && (want.owner != "web" || *want.port == 0))
		if err != nil {
			return err
		}
		open = append(open, ln)
		*want.port = ln.Addr().(*net.TCPAddr).Port
	}
	return nil
}

// Free ports are looked for here: an outgoing connection may take one of the system's choice before its owner listens.
const firstFree, lastFree = 10_000, 32_000

// listen listens on the listener's port, or with free on one that nobody has.
func (l listener) listen(ctx context.Context, free bool) (net.Listener, error) {
	const attempts = 1000
	for attempt := 1; ; attempt++ {
		port := *l.port
		if free {
			port = firstFree + rand.IntN(lastFree-firstFree)
		}
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(l.host, strconv.Itoa(port)))
		switch {
		case err == nil:
			return ln, nil
		case errors.Is(err, syscall.EADDRINUSE) && free && attempt < attempts:
			continue
		case errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("port %d (%s) is taken: stop what listens there, or use other ports with -ports free", port, l.owner)
		case errors.Is(err, syscall.EACCES):
			return nil, fmt.Errorf("port %d (%s) may not be listened on by this user: choose one above 1023 with -addr", port, l.owner)
		}
		return nil, fmt.Errorf("port %d (%s): %w", port, l.owner, err)
	}
}
