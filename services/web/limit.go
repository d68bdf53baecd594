package main

import (
	"crypto/sha256"
	"net/http"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
)

// newLimiter makes a limiter of which fifteen seconds' worth may come at once; nil when perMinute is 0.
func newLimiter(perMinute int) *server.Limiter {
	if perMinute == 0 {
		return nil
	}
	return server.NewLimiter(perMinute, perMinute/4+1)
}

// limited lets through what allow does.
func (w *web) limited(h http.Handler) http.Handler {
	return server.Handle(w.log, func(rw http.ResponseWriter, r *http.Request) error {
		if err := w.allow(r); err != nil {
			return err
		}
		h.ServeHTTP(rw, r)
		return nil
	})
}

// allow counts a request, and refuses it when it is not within the rates of the sender's address and, if there is one, the
// sender's credential: code rate_limited. The address comes first: who makes up credentials spends that.
func (w *web) allow(r *http.Request) error {
	now := w.now()
	if w.addresses != nil {
		if err := w.addresses.Allow(server.ClientAddr(r, w.trusted), now); err != nil {
			return err
		}
	}
	if key := credentialKey(r); w.credentials != nil && key != "" {
		return w.credentials.Allow(key, now)
	}
	return nil
}

// credentialKey returns a hash of the API token or session that a request shows, "" when it shows none.
func credentialKey(r *http.Request) string {
	shown := r.Header.Get("Authorization")
	if shown == "" {
		if cookie, err := r.Cookie(account.CookieName); err == nil {
			shown = cookie.Value
		}
	}
	if shown == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(shown))
	return string(sum[:])
}
