package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/account"
	"taskmaster/services/postgres"
	"taskmaster/services/server"
	"taskmaster/services/task"
)

// open answers GET /live: it checks who asks and from where, makes the connection a WebSocket and serves it to its end.
func (l *live) open(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		return &server.StatusError{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Detail: "this is a WebSocket"}
	}
	if err := l.checkOrigin(r); err != nil {
		return err
	}
	caller, err := l.authenticate(r.Context(), r)
	if err != nil {
		return err
	}
	leave, err := l.hub.enter(caller.UserID)
	if err != nil {
		return err
	}
	defer leave()
	since, err := l.since(r, caller)
	if err != nil {
		return err
	}

	l.sockets.Add(1)
	defer l.sockets.Done()
	// The origin has been checked, against a list rather than the Host.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil // Accept has answered
	}
	s := &socket{
		conn: conn, userID: caller.UserID, hub: l.hub, history: l.history, sent: since,
		stopping: l.stopping, pingInterval: l.cfg.PingInterval, trusted: time.Now(),
		stillAllowed: func(ctx context.Context) error {
			_, err := l.authenticate(ctx, r)
			return err
		},
	}
	if err := s.serve(r.Context()); err != nil {
		l.log.ErrorContext(r.Context(), "live connection failed", "user_id", caller.UserID, "error", err)
	}
	return nil
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

// checkOrigin refuses pages of other origins with code forbidden: a browser sends our cookie along with a WebSocket that
// anyone's page opens, and asks nobody. Without an Origin it is no browser, and has no business with a cookie.
func (l *live) checkOrigin(r *http.Request) error {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 && r.Header.Get("Authorization") != "" {
		return nil
	}
	if len(origins) == 1 && slices.Contains(l.cfg.AllowedOrigins, origins[0]) {
		return nil
	}
	return task.Errorf(task.CodeForbidden, "live connections are not allowed from this origin")
}

// since returns the revision that the client has: what it says, or else the present one.
func (l *live) since(r *http.Request, caller account.Caller) (int64, error) {
	if q := r.URL.Query(); q.Has("since") {
		since, err := strconv.ParseInt(q.Get("since"), 10, 64)
		if err != nil || since < 0 {
			return 0, task.Invalid("since", "is not a revision, such as 41")
		}
		return since, nil
	}
	ctx := r.Context()
	var user postgres.User
	err := l.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		user, err = postgres.UserByID(ctx, tx, caller.UserID)
		return err
	})
	return user.Revision, err
}
