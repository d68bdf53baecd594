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

// Link is a stretch of network that can be broken: a TCP proxy that passes everything on, until it is told otherwise.
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
	lost  chan struct{} // closed when the connections that there are now are forgotten
}

// NewLink makes a link from 127.0.0.1 to the address that is asked for at each connection. It is to be closed.
func NewLink(ctx context.Context, to func() (address string, err error)) (*Link, error) {
	return NewLinkFrom(ctx, "127.0.0.1", to)
}

// NewLinkFrom makes a link that begins at an address of this machine.
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

// Address is where the link begins, as host:port.
func (l *Link) Address() string { return l.ln.Addr().String() }

// Cut resets all connections, and new ones at once.
func (l *Link) Cut() { l.set(true, false, 0) }

// Stall lets nothing through and tells nobody, as a network does that swallows packets. When the link is mended, what was
// on its way goes on.
func (l *Link) Stall() { l.set(false, true, 0) }

// Forget loses the connections that there are, as a NAT does that was restarted: the near end hears nothing on them any more,
// and is reset when it sends. The far end is told nothing. New connections work.
func (l *Link) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.lost)
	l.lost = make(chan struct{})
}

// Slow lets everything wait on its way, in each direction.
func (l *Link) Slow(delay time.Duration) { l.set(false, false, delay) }

// Mend makes the link work again.
func (l *Link) Mend() { l.set(false, false, 0) }

// Close ends the link and its connections.
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

// state returns what holds at the moment.
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

// track remembers a connection so that it can be cut. When the link is cut already it says no.
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

// pass passes on bytes and their end. After the connection was lost it drops bytes, and refuses their sender.
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
			_ = to.(*net.TCPConn).CloseWrite() // it may have been closed
			return
		}
		if err != nil {
			reset(to)
			return
		}
	}
}

// wait returns when something may pass.
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

// reset ends a connection so that the peer learns it at once, and what was under way is lost.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // it may have been closed
	_ = conn.Close()
}

// closeConn is for connections that may have been closed or reset.
func closeConn(conn net.Conn) { _ = conn.Close() }
