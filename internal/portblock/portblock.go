// Package portblock finds free ports for servers that other processes start and restart later. A
// port that the system chooses stays free only for a moment: an outgoing connection may take it
// before its owner listens.
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

// Blocks lie below the ports of outgoing connections (32768 and up on Linux, RFC 6335's 49152
// elsewhere). They also lie below the ports that a Kubernetes node forwards to pods (30000 and up).
// The process that listens on the first port of a block owns the block.
const first, last, size = 10_000, 30_000, 200

// attempts is the number of blocks to try.
const attempts = 1000

// Take returns one free port for each host, such as 127.0.0.1. No other caller of Take in any
// process gets these ports until release is called.
func Take(ctx context.Context, hosts ...string) (ports []int, release func(), err error) {
	if len(hosts) >= size {
		return nil, nil, fmt.Errorf("%d free ports are more than the maximum of %d", len(hosts), size-1)
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

// take takes the block that starts with a port.
func take(ctx context.Context, port int, hosts []string) (ports []int, release func(), err error) {
	block, err := listen(ctx, "127.0.0.1", port)
	if err != nil {
		return nil, nil, err
	}
	// All listeners stay open until the end, so that no port appears twice.
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
