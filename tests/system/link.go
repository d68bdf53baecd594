package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Link is a part of a network that can be broken. It is a TCP proxy that passes everything on
// unless it is told otherwise.
type Link struct {
	to    func() (address string, err error)
	ln    net.Listener
	close context.CancelFunc
	wg    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	cut   bool
	delay time.Duration
	flows chan struct{} // closed unless the link is stalled
	lost  chan struct{} // closed when the current connections are forgotten
}

// NewLink returns a link from a port of 127.0.0.1 to an address. It asks for the address at each
// connection. The caller has to close the link.
func NewLink(ctx context.Context, to func() (address string, err error)) (*Link, error) {
	return NewLinkFrom(ctx, "127.0.0.1", to)
}

// NewLinkFrom returns a link that begins at an address of this machine.
func NewLinkFrom(ctx context.Context, host string, to func() (address string, err error)) (*Link, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen for a link: %w", err)
	}
	l := &Link{to: to, ln: ln, open: map[net.Conn]bool{}, flows: make(chan struct{}), lost: make(chan struct{})}
	close(l.flows)
	ctx, l.close = context.WithCancel(ctx)
	l.wg.Go(func() { l.serve(ctx) })
	return l, nil
}

// Address returns the host:port at which the link begins.
func (l *Link) Address() string { return l.ln.Addr().String() }

// Cut resets all connections, and every new one immediately.
func (l *Link) Cut() { l.set(true, false, 0) }

// Stall stops all traffic without closing connections, as a network does that drops packets. After
// Mend, the held traffic continues.
func (l *Link) Stall() { l.set(false, true, 0) }

// Forget loses the current connections, as a restarted NAT does. The near end receives nothing more
// on them, and is reset when it sends. The far end notices nothing. New connections work.
func (l *Link) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.lost)
	l.lost = make(chan struct{})
}

// Slow delays traffic in each direction.
func (l *Link) Slow(delay time.Duration) { l.set(false, false, delay) }

// Mend makes the link work again.
func (l *Link) Mend() { l.set(false, false, 0) }

// Close closes the link and its connections.
func (l *Link) Close() {
	l.close()
	_ = l.ln.Close()
	l.Cut()
	l.wg.Wait()
}

func (l *Link) set(cut, stalled bool, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.flows:
	default:
		close(l.flows)
	}
	if stalled {
		l.flows = make(chan struct{})
	}
	l.cut, l.delay = cut, delay
	if cut {
		for conn := range l.open {
			reset(conn)
		}
	}
}

// state returns the current state.
func (l *Link) state() (flows <-chan struct{}, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flows, l.delay
}

func (l *Link) serve(ctx context.Context) {
	for {
		conn, err := l.ln.Accept()
		if err != nil {
			return // the listener is closed
		}
		l.wg.Go(func() { l.join(ctx, conn) })
	}
}

// join connects one connection with the other end, until both directions have ended.
func (l *Link) join(ctx context.Context, near net.Conn) {
	defer closeConn(near)
	if !l.track(near) {
		return
	}
	defer l.forget(near)
	l.wait(ctx)
	address, err := l.to()
	if err != nil {
		reset(near)
		return
	}
	far, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		reset(near)
		return
	}
	defer closeConn(far)
	if !l.track(far) {
		return
	}
	defer l.forget(far)
	lost := l.current()
	var both sync.WaitGroup
	both.Go(func() { l.pass(ctx, far, near, lost, reset) })
	both.Go(func() { l.pass(ctx, near, far, lost, func(net.Conn) {}) })
	both.Wait()
}

// current returns the channel that is closed when a connection that begins now is forgotten.
func (l *Link) current() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// track registers a connection so that it can be cut. It returns false if the link is cut already.
func (l *Link) track(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		reset(conn)
		return false
	}
	l.open[conn] = true
	return true
}

func (l *Link) forget(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
}

// pass copies bytes and the end of a stream. After the connection was lost it drops bytes and
// resets the sender.
func (l *Link) pass(ctx context.Context, to, from net.Conn, lost <-chan struct{}, refuse func(net.Conn)) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.wait(ctx)
		select {
		case <-lost:
			if err != nil {
				return
			}
			refuse(from)
			continue
		default:
		}
		if n > 0 {
			if _, writeErr := to.Write(buffer[:n]); writeErr != nil {
				reset(from)
				return
			}
		}
		if errors.Is(err, io.EOF) {
			_ = to.(*net.TCPConn).CloseWrite() // the connection may be closed already
			return
		}
		if err != nil {
			reset(to)
			return
		}
	}
}

// wait returns when traffic may pass.
func (l *Link) wait(ctx context.Context) {
	flows, delay := l.state()
	select {
	case <-flows:
	case <-ctx.Done():
		return
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
}

// reset closes a connection with a TCP reset, so that the peer notices immediately and buffered
// bytes are lost.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // the connection may be closed already
	_ = conn.Close()
}

// closeConn closes a connection that may be closed already.
func closeConn(conn net.Conn) { _ = conn.Close() }
