package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// caller is the authenticated sender of a request.
type caller = account.Caller

// handler answers a request of an authenticated caller, or returns an error.
type handler func(w http.ResponseWriter, r *http.Request, c caller) error

// The scopes that routes require.
const (
	scopeRead    = account.ScopeTasksRead
	scopeWrite   = account.ScopeTasksWrite
	scopeAccount = account.ScopeAccount
)

// accessPolicy holds the rate limits and the origins whose pages may send requests.
type accessPolicy struct {
	proxies []netip.Prefix
	logins  *loginLimits
	signups *server.Limiter
	// signupLinks limits the e-mails of sign-ups by their address.
	signupLinks *server.Limiter
	// links limits requests for e-mails with links, and uses of links.
	links *server.Limiter
	users *server.Limiter
	// registrations limits new OAuth clients by the address of their sender.
	registrations *server.Limiter
	origins       *server.Origins
}

func newAccessPolicy(cfg config) (*accessPolicy, error) {
	proxies, err := server.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	origins, err := server.NewOrigins(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	return &accessPolicy{
		proxies: proxies,
		logins:  newLoginLimits(cfg.LoginPerMinute),
		signups: server.NewLimiter(cfg.SignupPerMinute, cfg.SignupPerMinute),

		signupLinks: server.NewHourlyLimiter(signupLinksPerHour),
		links:       server.NewLimiter(cfg.LoginPerMinute, cfg.LoginPerMinute),
		// Ten seconds' worth of requests may arrive at once, as when a page is opened.
		users:         server.NewLimiter(cfg.RatePerMinute, cfg.RatePerMinute/6+1),
		registrations: server.NewHourlyLimiter(registrationsPerHour),
		origins:       origins,
	}, nil
}

// requireScope passes requests to h whose caller has a scope and keeps to the rate limit.
func (s *service) requireScope(scope string, h handler) http.Handler {
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		c, err := s.callerOf(w, r)
		if err == nil && !c.Can(scope) {
			err = task.Errorf(task.CodeForbidden, "the API token lacks the scope %s", scope)
		}
		if err != nil {
			s.logRefusal(r, c, err)
			return err
		}
		telemetry.SetUser(r.Context(), c.UserID.String())
		if err := s.access.users.Allow(c.UserID.String(), s.now()); err != nil {
			return err
		}
		// No shared cache may keep a user's data. With no-cache, If-None-Match still saves the
		// transfer.
		caching := "private, no-cache"
		if scope == scopeAccount {
			caching = "no-store" // Not even the browser keeps what is not about tasks.
		}
		w.Header().Set("Cache-Control", caching)
		err = h(w, r, c)
		if errors.Is(err, postgres.ErrNoUser) {
			return account.ErrNotValid // the account was deleted after the credential was checked
		}
		return err
	})
}

// callerKey is the key of the caller in the context of a request that a tool sends in this process.
type callerKey struct{}

// callerOf returns the sender of a request. A browser attaches its session to requests that any site
// makes it send. A request with a session therefore has to come from our own page. A token is attached
// by its holder alone.
func (s *service) callerOf(w http.ResponseWriter, r *http.Request) (caller, error) {
	if c, ok := r.Context().Value(callerKey{}).(caller); ok {
		return c, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	c, err := account.Authenticate(ctx, s.db, r, s.now())
	if err != nil || c.Session == nil {
		return c, err
	}
	if err := s.access.origins.Check(r); err != nil {
		return c, err
	}
	if owner := r.Header.Get(account.Header); owner != "" && owner != c.UserID.String() {
		return c, &server.StatusError{Status: http.StatusForbidden, Code: account.CodeOther,
			Detail: "this page belongs to another account: somebody else has logged in with this browser"}
	}
	return c, s.renewSession(ctx, w, r, c)
}

// logRefusal logs that the credential of a request was refused. A request without one is ordinary.
func (s *service) logRefusal(r *http.Request, c caller, err error) {
	if code := statusCode(err); code == "" && errors.Is(err, account.ErrNotValid) || code != "" || task.ErrorCode(err) == task.CodeForbidden {
		s.logSecurity(r, eventRefused, c.UserID, err, slog.String("route", r.Pattern))
	}
}

// statusCode returns the code of a refusal that has a status of its own, or "".
func statusCode(err error) string {
	if refused, ok := errors.AsType[*server.StatusError](err); ok {
		return string(refused.Code)
	}
	return ""
}

// public passes requests of everybody to h. It refuses requests that another site made a browser
// send: such a site could log a person in to somebody else's account.
func (s *service) public(h server.Handler) http.Handler {
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		if err := s.access.origins.Check(r); err != nil {
			s.logRefusal(r, caller{}, err)
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r)
	})
}
