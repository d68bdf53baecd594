package server

import (
	"fmt"
	"net/http"
	"net/url"

	"taskmaster/internal/task"
)

// Origins refuses requests that another site's page makes a browser send. A browser attaches its
// session to those as well. Forms, calls with a session and WebSockets are therefore accepted only
// from pages of the same origin.
//
// Origins compares the page's origin with the host of the request, not with a configured name. A
// name that an attacker points at our address (DNS rebinding) gains nothing: the browser keeps the
// session for the name of the login, and sends none to another name.
type Origins struct {
	protection *http.CrossOriginProtection
}

// NewOrigins returns Origins that also trust pages at these URLs, under every host of a request. It
// ignores empty URLs.
func NewOrigins(trusted ...string) (*Origins, error) {
	o := &Origins{http.NewCrossOriginProtection()}
	for _, raw := range trusted {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("parse a trusted URL: %w", err)
		}
		if err := o.protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("trust an origin: %w", err)
		}
	}
	return o, nil
}

// Check refuses a changing request from another site's page with code forbidden. It reads
// Sec-Fetch-Site, or else Origin.
func (o *Origins) Check(r *http.Request) error {
	err := o.protection.Check(r)
	if err == nil {
		return nil
	}
	// A proxy may have put its own name into Host. A page cannot set this header without a
	// preflight request.
	if host := r.Header.Get("X-Forwarded-Host"); host != "" && host != r.Host {
		forwarded := *r
		forwarded.Host = host
		if o.protection.Check(&forwarded) == nil {
			return nil
		}
	}
	return task.Errorf(task.CodeForbidden, "the request comes from another site's page")
}

// CheckRead refuses a GET that another site's page makes the browser send, with code forbidden. Check
// accepts reads, because other sites cannot see their responses.
func (o *Origins) CheckRead(r *http.Request) error {
	asPost := *r
	asPost.Method = http.MethodPost
	return o.Check(&asPost)
}

// CheckSocket refuses a WebSocket from another site's page with code forbidden. A WebSocket begins
// as a GET, which Check accepts, and browsers send no preflight request for it. A browser always
// names an origin. A request without one comes from a program, and a program has a token.
func (o *Origins) CheckSocket(r *http.Request) error {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 && r.Header.Get("Authorization") != "" {
		return nil
	}
	if len(origins) != 1 || origins[0] == "" {
		return task.Errorf(task.CodeForbidden, "the request does not say from which origin it comes")
	}
	// The connection was encrypted and the page was not. Anybody on the network could have written
	// the page.
	if u, err := url.Parse(origins[0]); err == nil && u.Scheme == "http" && r.Header.Get("X-Forwarded-Proto") == "https" {
		return task.Errorf(task.CodeForbidden, "the request comes from another site's page")
	}
	return o.CheckRead(r)
}
