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

	"taskmaster/internal/task"
)

const (
	writeTimeout = 5 * time.Second
	pongTimeout  = 10 * time.Second
)

// The contract's own codes of a close. They follow the statuses of HTTP, which a browser does not show to a page.
const (
	// statusUnauthorized says that the session or API token has ended: log in, and connect again.
	statusUnauthorized = websocket.StatusCode(4401)
	// statusTooMany says that the user has too many sockets: connect again after a pause that grows.
	statusTooMany = websocket.StatusCode(4429)
)

// The ways in which we end a socket. After those that are neither a policy violation nor unauthorized a client comes back
// with since=<last revision>.
var (
	errGoingAway    = websocket.CloseError{Code: websocket.StatusGoingAway, Reason: "the server stops, connect again"}
	errTooSlow      = websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "too slow to keep up, connect again"}
	errUnauthorized = websocket.CloseError{Code: statusUnauthorized, Reason: "the session or API token has ended"}
	errChatty       = websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "clients have nothing to say here"}
	errTryLater     = websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "overloaded, connect again later"}
)

// errTooMany is the end of a socket of a user who has limit others.
func errTooMany(limit int) error {
	return websocket.CloseError{Code: statusTooMany, Reason: fmt.Sprintf("%d windows of this account are open already", limit)}
}

// trustFor is how long a credential is taken to be good that was: when it ends, nothing that happens later than that is told.
const trustFor = time.Second

// errGone is the end of a socket whose peer has left or does not answer: there is nobody to tell a reason.
var errGone = errors.New("the peer is gone")

// errRestored is the end of an epoch: the client has revisions of another history.
var errRestored = errors.New("the database was restored")

// socket is one client's connection. Its stream alone writes messages.
type socket struct {
	conn    *websocket.Conn
	userID  uuid.UUID
	hub     *hub
	history *history
	// sent is the revision that the client has: of the last message, or what it asked to be told after.
	sent int64
	// epoch names the history which sent is of.
	epoch string
	// stopping ends when the process does.
	stopping <-chan struct{}
	// stillAllowed returns the present epoch, and code unauthorized when the credential that opened the
	// socket has ended.
	stillAllowed func(context.Context) (epoch string, err error)
	// interval is the longest time from one heartbeat to the next.
	interval time.Duration
	// trusted is when the stream last asked whether the credential is good.
	trusted time.Time
}

// serve sends until the peer leaves or there is a reason to close, closes, and returns an error only when it is ours.
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
	g.Go(func() error { return s.beat(sending, check) })
	why := g.Wait()
	if connected.Err() != nil {
		why = context.Cause(connected) // whatever failed, failed by that
	}
	why = s.close(why)
	<-read
	return why
}

// read answers the peer's pings and close; it ends when the connection does.
func (s *socket) read(ctx context.Context) error {
	// The context stays that of the connection: one that ended before would take away the closing handshake.
	if _, _, err := s.conn.Reader(ctx); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return errChatty
}

// close closes the connection, telling the peer why unless it is gone, and returns the error if it is none of those that
// are told.
func (s *socket) close(why error) error {
	// When closing fails there is nothing to do: the peer is gone then too.
	if errors.Is(why, errGone) {
		_ = s.conn.CloseNow()
		return nil
	}
	if told, ok := errors.AsType[websocket.CloseError](why); ok {
		_ = s.conn.Close(told.Code, told.Reason)
		return nil
	}
	_ = s.conn.Close(websocket.StatusInternalError, "something went wrong on our side")
	return why
}

// stream sends all changes after s.sent, in order and each once. A change that is neither the next nor known means that
// some were missed; they and it are then read from the database, as before every heartbeat.
func (s *socket) stream(ctx context.Context, check <-chan struct{}) error {
	// Most of a long absence is caught up with before watching, so that what happens meanwhile does not fill the queue.
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
			case m.revision > s.sent, m.body != nil && time.Since(s.trusted) > trustFor:
				// A change that the client has can be the broker's repetition, or one of a restored database.
				err = s.replay(ctx)
			}
		case <-check:
			err = s.catchUp(ctx)
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

// catchUp sends what the client has missed, and then a heartbeat.
func (s *socket) catchUp(ctx context.Context) error {
	for {
		if err := s.replay(ctx); err != nil {
			return err
		}
		if err := s.heartbeat(ctx); !errors.Is(err, errRestored) {
			return err
		}
	}
}

// heartbeat tells the client that it has everything and until when it hears from us again, unless the credential has ended.
func (s *socket) heartbeat(ctx context.Context) error {
	m, err := encodeHeartbeat(s.sent, s.interval)
	if err != nil {
		return err
	}
	s.trusted = time.Time{} // ask, however short ago that was
	return s.write(ctx, m)
}

// write sends a message and notes its revision, unless the credential has ended, or the epoch
// (errRestored).
func (s *socket) write(ctx context.Context, m encoded) error {
	select {
	case <-s.stopping:
		return errGoingAway
	default:
	}
	if time.Since(s.trusted) > trustFor {
		epoch, err := s.allowed(ctx)
		if task.ErrorCode(err) == task.CodeUnauthorized {
			return errUnauthorized
		} // While the database is away it cannot be told. Every heartbeat asks again.
		s.trusted = time.Now()
		if err == nil && epoch != s.epoch {
			return errRestored
		}
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, m.of(s.epoch)); err != nil {
		return fmt.Errorf("%w: write message: %w", errGone, err)
	}
	s.sent = m.revision
	return nil
}

// beat pings the peer in every interval, and lets the stream send a heartbeat. Before that the stream reads missed changes from
// the database: the broker may have lost a message after which no other came.
func (s *socket) beat(ctx context.Context, check chan<- struct{}) error {
	for {
		// A tenth is left for the work itself. Sockets that were opened together drift apart.
		wait := time.NewTimer(s.interval*9/10 - rand.N(s.interval/4)) //nolint:gosec // nobody gains by guessing it
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
		default: // the last check still waits
		}
	}
}

func (s *socket) allowed(ctx context.Context) (epoch string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return s.stillAllowed(ctx)
}

// reason turns what went wrong while catching up into what the peer is told.
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
