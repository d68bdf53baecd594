package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Socket is a browser's WebSocket at /live.
type Socket struct {
	// Inbox holds the messages in the order of their arrival, if the socket was opened with an
	// inbox.
	Inbox *Inbox[Message]

	take   func(Message)
	conn   *websocket.Conn
	inStep chan struct{}
	done   chan struct{}
	err    error // why it ended; valid when done is closed
}

// Watch opens a WebSocket at an address, of the web edge or of a replica of live. It asks for all
// changes after a revision. A negative revision asks for changes from now on.
func (p *Person) Watch(ctx context.Context, base string, since int64) (*Socket, error) {
	return p.WatchInto(ctx, base, since, &Inbox[Message]{})
}

// WatchInto is Watch with an inbox of the caller.
func (p *Person) WatchInto(ctx context.Context, base string, since int64, inbox *Inbox[Message]) (*Socket, error) {
	s, err := p.WatchFunc(ctx, base, since, inbox.Add)
	if err == nil {
		s.Inbox = inbox
	}
	return s, err
}

// WatchFunc is Watch that passes each message to a function, one after another.
func (p *Person) WatchFunc(ctx context.Context, base string, since int64, take func(Message)) (*Socket, error) {
	url := "ws" + strings.TrimPrefix(base, "http") + "/live"
	if since >= 0 {
		url += "?since=" + strconv.FormatInt(since, 10)
	}
	dialCtx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	//nolint:bodyclose // the library: "You never need to close resp.Body yourself"
	conn, res, err := websocket.Dial(dialCtx, url, &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {p.Cookies()}, "Origin": {p.Base}},
	})
	if err != nil && res != nil {
		err = fmt.Errorf("%w: %w", &Problem{Method: http.MethodGet, Path: "/live", Status: res.StatusCode, Header: res.Header}, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	conn.SetReadLimit(1 << 20)
	s := &Socket{take: take, conn: conn, inStep: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = s.read(ctx)
	}()
	return s, nil
}

// patience is the number of heartbeat intervals after which a silent connection counts as dead.
const patience = 2.5

// read receives messages about tasks until the socket ends or is silent for too long. A message
// that cannot be decoded ends it too, so that the test notices the gap.
func (s *Socket) read(ctx context.Context) error {
	var inStep sync.Once
	silence := time.Duration(patience * 30 * float64(time.Second)) // until a heartbeat announces the interval
	for {
		m, err := s.next(ctx, silence)
		if err != nil {
			return err
		}
		switch m.Type {
		case "task.changed", "task.deleted", "resync":
			s.take(m)
		case "heartbeat":
			inStep.Do(func() { close(s.inStep) })
			silence = time.Duration(patience * m.IntervalSeconds * float64(time.Second))
		}
	}
}

func (s *Socket) next(ctx context.Context, silence time.Duration) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, raw, err := s.conn.Read(ctx)
	if err != nil {
		return Message{}, fmt.Errorf("read message: %w", err)
	}
	m := Message{Arrived: time.Now()}
	if err := json.Unmarshal(raw, &m); err != nil {
		return Message{}, fmt.Errorf("decode message: %w", err)
	}
	return m, nil
}

// InStep returns when the server has sent every change so far. It returns the cause if the socket ends
// before that.
func (s *Socket) InStep(ctx context.Context) error {
	select {
	case <-s.inStep:
		return nil
	case <-s.done:
		return s.Ended()
	case <-ctx.Done():
		return fmt.Errorf("wait for the first heartbeat: %w", ctx.Err())
	}
}

// Done returns a channel that is closed when the socket has ended.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Ended returns why the socket has ended, and nil while it is open.
func (s *Socket) Ended() error {
	select {
	case <-s.done:
		return fmt.Errorf("the socket ended: %w", s.err)
	default:
		return nil
	}
}

// Close closes the socket without a closing handshake, and returns when its reader has ended.
func (s *Socket) Close() {
	_ = s.conn.CloseNow()
	<-s.done
}
