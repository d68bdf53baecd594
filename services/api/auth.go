package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// caller is who sent a request.
type caller = account.Caller

// handler answers a request of a known caller, or returns an error.
type handler func(w http.ResponseWriter, r *http.Request, c caller) error

// The scopes that routes ask for.
const (
	scopeRead    = account.ScopeTasksRead
	scopeWrite   = account.ScopeTasksWrite
	scopeAccount = account.ScopeAccount
)

// gate is what stands before handlers: how much who may ask, and from which pages a browser may.
type gate struct {
	proxies []netip.Prefix
	logins  *server.Limiter
	signups *server.Limiter
	users   *server.Limiter
	origins *server.Origins
}

func newGate(cfg config) (*gate, error) {
	proxies, err := server.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	origins, err := server.NewOrigins(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	return &gate{
		proxies: proxies,
		logins:  server.NewLimiter(cfg.LoginPerMinute, cfg.LoginPerMinute),
		signups: server.NewLimiter(cfg.SignupPerMinute, cfg.SignupPerMinute),
		// Ten seconds' worth may come at once, as when a page is opened.
		users:   server.NewLimiter(cfg.RatePerMinute, cfg.RatePerMinute/6+1),
		origins: origins,
	}, nil
}

// as lets through a caller who has a scope and has not asked too often. A browser attaches its session whoever made it
// send the request, so with a session the request has to come from our own page; a token is attached by its holder alone.
func (a *api) as(scope string, h handler) http.Handler {
	return server.Handle(a.log, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		c, err := account.Authenticate(ctx, a.db, r, a.now())
		if err != nil {
			return err
		}
		if c.Session != nil {
			if err := a.gate.origins.Check(r); err != nil {
				return err
			}
			if owner := r.Header.Get(account.Header); owner != "" && owner != c.UserID.String() {
				return &server.StatusError{Status: http.StatusForbidden, Code: account.CodeOther,
					Detail: "this page belongs to another account: somebody else has logged in in this browser"}
			}
			if err := a.renewSession(ctx, w, c); err != nil {
				return err
			}
		}
		if !c.Can(scope) {
			return task.Errorf(task.CodeForbidden, "the API token lacks the scope %s", scope)
		}
		if err := a.gate.users.Allow(c.UserID.String(), a.now()); err != nil {
			return err
		}
		// What is somebody's own is not kept by a cache between us; no-cache still lets If-None-Match save the transfer.
		w.Header().Set("Cache-Control", "private, no-cache")
		err = h(w, r, c)
		if errors.Is(err, postgres.ErrNoUser) {
			return account.ErrNotValid // the account was deleted after the credential was checked
		}
		return err
	})
}

// anyone lets everybody through, but not what another site made a browser send: it could log a person in as somebody else.
func (a *api) anyone(h server.Handler) http.Handler {
	return server.Handle(a.log, func(w http.ResponseWriter, r *http.Request) error {
		if err := a.gate.origins.Check(r); err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r)
	})
}
