package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/idle"
	"taskmaster/internal/task"
)

const (
	writeTimeout = 5 * time.Second
	pongTimeout  = 10 * time.Second
)

// The close codes of this API. They follow the statuses of HTTP, which a browser does not show to a
// page.
const (
	// statusUnauthorized means that the session or API token has ended: log in and connect again.
	statusUnauthorized = websocket.StatusCode(4401)
	// statusTooMany means that the user has too many sockets: connect again after a growing pause.
	statusTooMany = websocket.StatusCode(4429)
)

// The reasons for which the server closes a socket. Except after a policy violation or
// unauthorized, the client reconnects with since=<last revision>.
var (
	errGoingAway    = websocket.CloseError{Code: websocket.StatusGoingAway, Reason: "the server stops, connect again"}
	errTooSlow      = websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "too slow to keep up, connect again"}
	errUnauthorized = websocket.CloseError{Code: statusUnauthorized, Reason: "the session or API token has ended"}
	errChatty       = websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "clients must not send messages"}
	errTryLater     = websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "overloaded, connect again later"}
)

// errTooMany returns the reason for closing the socket of a user with limit other sockets.
func errTooMany(limit int) error {
	return websocket.CloseError{Code: statusTooMany, Reason: fmt.Sprintf("%d windows of this account are open already", limit)}
}

// authRecheck is how long a successful check of the credential is reused. After a session or token
// is revoked, messages stop within authRecheck.
const authRecheck = time.Second

// errGone reports that the peer has left or does not answer. It gets no reason.
var errGone = errors.New("the peer is gone")

// errRestored reports the end of an epoch: the client's revisions belong to another history.
var errRestored = errors.New("the database was restored")

// socket is the connection of one client. Only its stream writes messages.
type socket struct {
	conn    *websocket.Conn
	userID  uuid.UUID
	hub     *hub
	history *history
	// idle is nil if the database does not sleep.
	idle *idle.Monitor
	// sent is the client's revision: that of the last message or of the since parameter.
	sent int64
	// epoch identifies the history of sent.
	epoch string
	// stopping is closed when the process stops.
	stopping <-chan struct{}
	// stillAllowed returns the current epoch. It returns code unauthorized if the credential that
	// opened the socket has ended.
	stillAllowed func(context.Context) (epoch string, err error)
	// interval is the maximum time between two heartbeats.
	interval time.Duration
	// authChecked is the time at which the last check of the credential began.
	authChecked time.Time
}

// serve sends messages until the peer leaves or there is a reason to close. It then closes the
// connection. It returns only internal errors.
func (s *socket) serve(ctx context.Context) error {
	connected, disconnect := context.WithCancelCause(ctx)
	defer disconnect(nil)
	read := make(chan struct{})
	go func() {
		defer close(read)
		disconnect(s.read(ctx))
	}()

	g, sending := errgroup.WithContext(connected)
	check := make(chan struct{}, 1)
	g.Go(func() error { return s.stream(sending, check) })
	g.Go(func() error { return s.runHeartbeat(sending, check) })
	cause := g.Wait()
	if connected.Err() != nil {
		cause = context.Cause(connected) // the cause of all other failures
	}
	err := s.close(cause)
	<-read
	return err
}

// read answers the peer's pings and close. It returns when the connection ends.
func (s *socket) read(ctx context.Context) error {
	// The context is that of the connection. A context that ended earlier would prevent the closing
	// handshake.
	if _, _, err := s.conn.Reader(ctx); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return errChatty
}

// close closes the connection with the reason for the peer, unless the peer is gone. It returns any
// other error.
func (s *socket) close(cause error) error {
	// A failure to close means that the peer is gone.
	if errors.Is(cause, errGone) {
		_ = s.conn.CloseNow()
		return nil
	}
	if end, ok := errors.AsType[websocket.CloseError](cause); ok {
		_ = s.conn.Close(end.Code, end.Reason)
		return nil
	}
	_ = s.conn.Close(websocket.StatusInternalError, "something went wrong on our side")
	return cause
}

// stream sends all changes after s.sent in order, each once. A later change than the next means
// that some were missed. It then reads them from the database, like before every heartbeat.
func (s *socket) stream(ctx context.Context, check <-chan struct{}) error {
	// The first replay sends most of a long absence before watching. Otherwise the events of that
	// time would fill the queue.
	if err := s.replay(ctx); err != nil {
		return reason(err)
	}
	q, stop := s.hub.watch(s.userID)
	defer stop()
	if err := s.catchUp(ctx); err != nil {
		return reason(err)
	}
	for {
		var err error
		select {
		case m, ok := <-q.messages:
			switch {
			case !ok:
				return errTooSlow
			case m.revision == s.sent+1 && m.body != nil:
				err = s.write(ctx, m)
			case m.revision > s.sent, m.body != nil && time.Since(s.authChecked) > authRecheck:
				// A change that the client has is a repetition of the broker, or belongs to a
				// restored database.
				err = s.replay(ctx)
			}
		case <-check:
			if s.idle.Awake() {
				err = s.catchUp(ctx)
			} else {
				err = s.sendIdleHeartbeat(ctx)
			}
		case <-s.stopping:
			return errGoingAway
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, errRestored) {
			err = s.catchUp(ctx)
		}
		if err != nil {
			return reason(err)
		}
	}
}

// catchUp sends the missed changes and then a heartbeat.
func (s *socket) catchUp(ctx context.Context) error {
	for {
		if err := s.replay(ctx); err != nil {
			return err
		}
		if err := s.sendHeartbeat(ctx); !errors.Is(err, errRestored) {
			return err
		}
	}
}

// sendHeartbeat tells the client that it has all changes and when to expect the next message. It
// fails if the credential has ended.
func (s *socket) sendHeartbeat(ctx context.Context) error {
	m, err := encodeHeartbeat(s.sent, s.interval)
	if err != nil {
		return err
	}
	s.authChecked = time.Time{} // force a check of the credential
	return s.write(ctx, m)
}

// sendIdleHeartbeat is sendHeartbeat without a check of the credential, which would wake the
// database. The next message is checked.
func (s *socket) sendIdleHeartbeat(ctx context.Context) error {
	m, err := encodeHeartbeat(s.sent, s.interval)
	if err != nil {
		return err
	}
	return s.transmit(ctx, m)
}

// write sends a message if the credential is valid. It fails if the credential or the epoch
// (errRestored) has ended.
func (s *socket) write(ctx context.Context, m encoded) error {
	select {
	case <-s.stopping:
		return errGoingAway
	default:
	}
	if time.Since(s.authChecked) > authRecheck {
		asked := time.Now() // the credential may end while the answer is on its way
		epoch, err := s.allowed(ctx)
		if task.ErrorCode(err) == task.CodeUnauthorized {
			return errUnauthorized
		} // The check cannot be made while the database is away. Every heartbeat repeats it.
		s.authChecked = asked
		if err == nil && epoch != s.epoch {
			return errRestored
		}
	}
	return s.transmit(ctx, m)
}

// transmit sends a message and stores its revision.
func (s *socket) transmit(ctx context.Context, m encoded) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, m.of(s.epoch)); err != nil {
		return fmt.Errorf("%w: write message: %w", errGone, err)
	}
	s.sent = m.revision
	return nil
}

// runHeartbeat pings the peer in every interval and then lets the stream send a heartbeat. Before
// that the stream reads missed changes from the database: the broker may have lost the last event.
func (s *socket) runHeartbeat(ctx context.Context, check chan<- struct{}) error {
	for {
		// A tenth of the interval is left for the work itself. The jitter spreads sockets that were
		// opened together.
		wait := time.NewTimer(s.interval*9/10 - rand.N(s.interval/4)) //nolint:gosec // the jitter needs no secrecy
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
		pongCtx, cancel := context.WithTimeout(ctx, pongTimeout)
		err := s.conn.Ping(pongCtx)
		cancel()
		if err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
		select {
		case check <- struct{}{}:
		default: // the last check is still waiting
		}
	}
}

func (s *socket) allowed(ctx context.Context) (epoch string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return s.stillAllowed(ctx)
}

// reason converts an error of catching up to the reason for the peer.
func reason(err error) error {
	switch task.ErrorCode(err) {
	case task.CodeUnavailable:
		return errTryLater
	case task.CodeNotFound:
		return errUnauthorized
	default:
		return err
	}
}
