package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
	"taskmaster/services/api/mcp"
)

// assistants answers /mcp. Its tools send their requests to api, as the caller of the request. Each
// of those needs the scope of its route. A client has to learn a missing scope before the tool runs.
func (s *service) assistants(api http.Handler) http.Handler {
	protocol := mcp.New(mcp.Config{
		API: server.Recover(s.log, s.panics, api), Account: s.assistantAccount, Now: func() time.Time { return s.now() }, Log: s.log,
		Called: func(tool, outcome string, took time.Duration) {
			s.toolCalls.WithLabelValues(tool, outcome).Observe(took.Seconds())
		},
		PublicURL: s.cfg.PublicURL, MaxBody: server.MaxBody,
	})
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		if !s.ownOrigin(r) {
			return task.Errorf(task.CodeForbidden, "the request comes from another site's page")
		}
		c, err := s.assistantCaller(w, r)
		if task.ErrorCode(err) == task.CodeUnauthorized {
			s.challenge(w, r)
		}
		if err != nil {
			return err
		}
		telemetry.SetUser(r.Context(), c.UserID.String())
		if err := s.access.users.Allow(c.UserID.String(), s.now()); err != nil {
			return err
		}
		body, err := server.ReadBody(w, r, server.MaxBody)
		if err != nil {
			return err
		}
		needed := mcp.Scopes(body)
		if missing := slices.DeleteFunc(slices.Clone(needed), c.Can); len(missing) > 0 {
			// A client asks the person for more scopes only after this status and header.
			words := "the token lacks the scope " + strings.Join(missing, " and ")
			w.Header().Set("WWW-Authenticate", s.oauth().Challenge(oauth.InsufficientScope, words, needed))
			return task.Errorf(task.CodeForbidden, "%s", words)
		}
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set(account.Header, c.UserID.String()) // the assistant keeps conversations by user
		w.Header().Set(account.ScopesHeader, strings.Join(c.Scopes, " "))
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
		r.Body = io.NopCloser(bytes.NewReader(body))
		protocol.ServeHTTP(w, r)
		return nil
	})
}

// challenge tells a client where it gets a token. The scope is the least that /mcp needs. A client
// that wants to change tasks asks for more later.
func (s *service) challenge(w http.ResponseWriter, r *http.Request) {
	code, words := "", ""
	if r.Header.Get("Authorization") != "" {
		code, words = oauth.InvalidToken, "the token is not valid, or no longer"
	}
	w.Header().Set("WWW-Authenticate", s.oauth().Challenge(code, words, []string{scopeRead}))
}

// assistantCaller returns the sender of a request to /mcp. Access tokens of OAuth are valid here and
// nowhere else, because their audience is /mcp.
func (s *service) assistantCaller(w http.ResponseWriter, r *http.Request) (c caller, err error) {
	token := oauth.AccessToken(r)
	if token == "" {
		return s.callerOf(w, r)
	}
	err = s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		t, userID, err := postgres.UseOAuthAccess(ctx, tx, account.Hash(token), s.now())
		if err != nil {
			return err
		}
		if t.Resource != s.oauth().Resource() {
			return account.ErrNotValid // it is for another server
		}
		// All tokens of a login derive the same keys, so that a confirmation outlives a refresh.
		c = caller{UserID: userID, Scopes: t.Scopes, ExpiresAt: &t.ExpiresAt, Credential: "OAuth " + t.Family.String()}
		c.Epoch, err = postgres.Epoch(ctx, tx)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		err = account.ErrNotValid
	}
	return c, err
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
	return mcp.Account{Zone: zone, Language: user.Language, WeekStart: apiv1.FirstWeekday(user.WeekStart), LineSigns: user.LineSigns, Epoch: user.Epoch, Key: key.Sum(nil)}, nil
}
