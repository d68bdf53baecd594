// Package portblock finds free ports for servers that are started later, and again, by other processes. A port of the system's
// choice is free for a moment only: an outgoing connection may take it before its owner listens.
package portblock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Blocks lie below the ports that systems give to outgoing connections (32768 and up on Linux, RFC 6335's 49152 elsewhere) and
// below those that a Kubernetes node sends on to pods (30000 and up), whoever listens. A block is whose who listens on its first port.
const first, last, size = 10_000, 30_000, 200

// attempts is how many blocks are tried before there is none.
const attempts = 1000

// Take returns a port for each host, such as 127.0.0.1, on which it can be listened. Nobody else who calls Take, in whatever
// process, is given one of them until release is called.
func Take(ctx context.Context, hosts ...string) (ports []int, release func(), err error) {
	if len(hosts) >= size {
		return nil, nil, fmt.Errorf("%d free ports are more than can be had at once, which is %d", len(hosts), size-1)
	}
	for range attempts {
		ports, release, err = take(ctx, first+size*rand.IntN((last-first)/size), hosts)
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find free ports: %w", err)
	}
	return ports, release, nil
}

// take takes the block that begins with a port.
func take(ctx context.Context, port int, hosts []string) (ports []int, release func(), err error) {
	block, err := listen(ctx, "127.0.0.1", port)
	if err != nil {
		return nil, nil, err
	}
	// All stay open until the last, so that none is there twice.
	for _, host := range hosts {
		port++
		ln, err := listen(ctx, host, port)
		if err != nil {
			return nil, nil, errors.Join(err, block.Close())
		}
		defer ln.Close()
		ports = append(ports, port)
	}
	return ports, func() { _ = block.Close() }, nil
}

func listen(ctx context.Context, host string, port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}
