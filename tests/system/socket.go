package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Socket is a browser's WebSocket at /live.
type Socket struct {
	// Inbox has the messages in the order in which they came, if the socket was opened with one.
	Inbox *Inbox[Message]

	take func(Message)
	conn *websocket.Conn
	done chan struct{}
}

// Watch opens a WebSocket at an address, which is the web edge's or a replica's of live, that asks for all changes after a
// revision; a negative one asks for those from now on.
func (p *Person) Watch(ctx context.Context, base string, since int64) (*Socket, error) {
	return p.WatchInto(ctx, base, since, &Inbox[Message]{})
}

// WatchInto is Watch with the messages put into an inbox of the caller's.
func (p *Person) WatchInto(ctx context.Context, base string, since int64, inbox *Inbox[Message]) (*Socket, error) {
	s, err := p.WatchFunc(ctx, base, since, inbox.Add)
	if err == nil {
		s.Inbox = inbox
	}
	return s, err
}

// WatchFunc is Watch with the messages given to a function, one after another.
func (p *Person) WatchFunc(ctx context.Context, base string, since int64, take func(Message)) (*Socket, error) {
	url := "ws" + strings.TrimPrefix(base, "http") + "/live"
	if since >= 0 {
		url += "?since=" + strconv.FormatInt(since, 10)
	}
	dialCtx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	//nolint:bodyclose // the library: "You never need to close resp.Body yourself"
	conn, _, err := websocket.Dial(dialCtx, url, &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {p.Cookies()}, "Origin": {p.Base}},
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	conn.SetReadLimit(1 << 20)
	s := &Socket{take: take, conn: conn, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.read(ctx)
	}()
	return s, nil
}

// patience is how many intervals of heartbeats a client waits for a message before it takes the path for dead.
const patience = 2.5

// read takes the messages about tasks until the socket ends or is silent for too long. One that is none ends it too: it will
// be missing.
func (s *Socket) read(ctx context.Context) {
	silence := time.Duration(patience * 30 * float64(time.Second)) // until a heartbeat says how often they come
	for {
		m, err := s.next(ctx, silence)
		if err != nil {
			return
		}
		switch m.Type {
		case "task.changed", "task.deleted", "resync":
			s.take(m)
		case "heartbeat":
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

// Done is closed when the socket has ended.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Close ends the socket without a goodbye, and returns when its reader has ended.
func (s *Socket) Close() {
	_ = s.conn.CloseNow()
	<-s.done
}
