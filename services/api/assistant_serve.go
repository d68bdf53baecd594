package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/api/mcp"
)

// assistants answers /mcp. Its tools send their requests to api, as the caller of the request. Each
// of those needs the scope of its route.
func (s *service) assistants(api http.Handler) http.Handler {
	protocol := mcp.New(mcp.Config{
		API: server.Recover(s.log, s.panics, api), Account: s.assistantAccount, Now: func() time.Time { return s.now() }, Log: s.log,
		PublicURL: s.cfg.PublicURL, MaxBody: server.MaxBody,
	})
	answer := s.requireScope(scopeRead, func(w http.ResponseWriter, r *http.Request, c caller) error {
		protocol.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
		return nil
	})
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		if !s.ownOrigin(r) {
			return task.Errorf(task.CodeForbidden, "the request comes from another site's page")
		}
		answer.ServeHTTP(w, r)
		return nil
	})
}

// ownOrigin reports whether a request comes from no page or from ours. The specification demands the
// check also for a token (transports, security). A name that another site points at our address (DNS
// rebinding) is not ours, so the host of the request does not count. Without a public address only
// pages of this machine are ours.
func (s *service) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == s.cfg.PublicURL {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || s.cfg.PublicURL != "" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// assistantAccount returns the account of the caller in ctx.
func (s *service) assistantAccount(ctx context.Context) (mcp.Account, error) {
	c, _ := ctx.Value(callerKey{}).(caller)
	var user postgres.User
	err := s.read(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		user, err = postgres.UserByID(ctx, tx, c.UserID)
		return err
	})
	if err != nil {
		return mcp.Account{}, err
	}
	zone, err := task.LoadZone(user.TimeZone)
	if err != nil {
		return mcp.Account{}, fmt.Errorf("load the zone of the account: %w", err)
	}
	key := hmac.New(sha256.New, []byte(c.Credential))
	key.Write([]byte("confirmation"))
	return mcp.Account{Zone: zone, Language: user.Language, WeekStart: apiv1.FirstWeekday(user.WeekStart), Epoch: user.Epoch, Key: key.Sum(nil)}, nil
}
