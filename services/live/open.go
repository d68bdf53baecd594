package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// open answers GET /live. It checks the caller and the origin, upgrades the connection to a
// WebSocket, and serves it until it ends.
func (l *live) open(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		return &server.StatusError{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Detail: "this is a WebSocket"}
	}
	if err := l.origins.CheckSocket(r); err != nil {
		return err
	}
	l.idle.Touch()
	asked := time.Now()
	caller, err := l.authenticate(r.Context(), r)
	if err != nil {
		return err
	}
	telemetry.SetUser(r.Context(), caller.UserID.String())
	release, err := l.hub.admit(caller.UserID)
	if end, ok := errors.AsType[websocket.CloseError](err); ok {
		l.refuse(w, r, end)
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	since, epoch, err := l.since(r, caller)
	if err != nil {
		return err
	}

	l.sockets.Add(1)
	defer l.sockets.Done()
	conn, err := accept(w, r)
	if err != nil {
		return nil // accept has answered
	}
	s := &socket{
		conn: conn, userID: caller.UserID, hub: l.hub, idle: l.idle, history: l.history, sent: since, epoch: epoch,
		stopping: l.stopping, interval: l.cfg.PingInterval, authChecked: asked,
		stillAllowed: func(ctx context.Context) (string, error) {
			caller, err := l.authenticate(ctx, r)
			return caller.Epoch, err
		},
	}
	if err := s.serve(r.Context()); err != nil {
		l.log.ErrorContext(r.Context(), "live connection failed", "user_id", caller.UserID, "error", err)
	}
	return nil
}

// refuse opens a WebSocket only to close it with a reason. A browser hides the status and the body
// of a failed handshake from the page.
func (l *live) refuse(w http.ResponseWriter, r *http.Request, end websocket.CloseError) {
	l.sockets.Add(1)
	defer l.sockets.Done()
	conn, err := accept(w, r)
	if err != nil {
		return // accept has answered
	}
	_ = conn.Close(end.Code, end.Reason) // the peer may be gone
}

// accept upgrades a connection to a WebSocket, or answers with an error. The caller has checked the
// origin.
func accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	return websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
}

func (l *live) authenticate(ctx context.Context, r *http.Request) (account.Caller, error) {
	caller, err := account.Authenticate(ctx, l.db, r, l.now())
	if err != nil {
		return account.Caller{}, err
	}
	if !caller.Can(account.ScopeTasksRead) {
		return account.Caller{}, task.Errorf(task.CodeForbidden, "the API token lacks the scope %s", account.ScopeTasksRead)
	}
	return caller, nil
}

// since returns the client's revision and epoch from the query. It returns the current ones if the
// query has none.
func (l *live) since(r *http.Request, caller account.Caller) (since int64, epoch string, err error) {
	q := r.URL.Query()
	if q.Has("since") {
		since, err = strconv.ParseInt(q.Get("since"), 10, 64)
		if err != nil || since < 0 {
			return 0, "", task.Invalid("since", "is not a revision, such as 41")
		}
		return since, cmp.Or(q.Get("epoch"), caller.Epoch), nil
	}
	ctx := r.Context()
	var user postgres.User
	err = l.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		user, err = postgres.UserByID(ctx, tx, caller.UserID)
		return err
	})
	if errors.Is(err, postgres.ErrNoUser) {
		return 0, "", account.ErrNotValid
	}
	return user.Revision, cmp.Or(q.Get("epoch"), user.Epoch), err
}
