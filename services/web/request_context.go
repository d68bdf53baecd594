package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
	"taskmaster/services/web/client"
)

// requestContext is a request of a logged-in user.
type requestContext struct {
	*client.Client
	user apiv1.Me
	zone *time.Location
	now  time.Time
}

// contextHandler handles a request of a logged-in user. It shows a page, redirects, or returns an
// error for showError.
type contextHandler func(w http.ResponseWriter, r *http.Request, rc *requestContext) error

// maxForm is the largest form that is read, in bytes. It fits the longest notes, whose characters
// may take nine bytes each in a form.
const maxForm = 256 << 10

// page adapts a handler of a page: GET, for logged-in users.
func (s *service) page(h contextHandler) http.Handler {
	// The tasks are read after the user and its revision. The live service announces every later
	// change, so the page misses none.
	return s.withErrorView(s.withContext((*client.Client).MeWithCounts, h))
}

// fragment adapts a handler of a part of a page that needs no navigation: GET, for logged-in users.
func (s *service) fragment(h contextHandler) http.Handler {
	return s.withErrorView(s.withContext((*client.Client).Me, h))
}

// form adapts a handler of a form: POST, for logged-in users, from a page of this site. Forms of
// other sites are refused here, because the API sees only web's own requests.
func (s *service) form(h contextHandler) http.Handler {
	return s.publicForm(s.withContext((*client.Client).Me, h))
}

// reader reads the user of a request.
type reader func(*client.Client, context.Context) (apiv1.Me, error)

// withContext loads the user of a request.
func (s *service) withContext(read reader, h contextHandler) server.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		rc := &requestContext{Client: s.api.For(w, r), now: s.now()}
		if err := rc.loadUser(r, read); err != nil {
			return err
		}
		if err := rc.checkAccount(r); err != nil {
			return err
		}
		return h(w, r, rc)
	}
}

// publicForm adapts a handler of a form for everybody: POST, from a page of this site.
func (s *service) publicForm(h server.Handler) http.Handler {
	return s.withErrorView(func(w http.ResponseWriter, r *http.Request) error {
		if err := s.origins.Check(r); err != nil {
			return err
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			if errors.As(err, new(*http.MaxBytesError)) {
				return &server.StatusError{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the form is too large"}
			}
			return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the form cannot be read"}
		}
		return h(w, r)
	})
}

// withErrorView adapts a handler whose errors are shown to a person.
func (s *service) withErrorView(h server.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.limits.Allow(r)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.showError(w, r, err)
		}
	})
}

func (rc *requestContext) loadUser(r *http.Request, read reader) (err error) {
	if rc.user, err = read(rc.Client, r.Context()); err != nil {
		return err
	}
	telemetry.SetUser(r.Context(), rc.user.ID.String())
	if rc.zone, err = task.LoadZone(rc.user.TimeZone); err != nil {
		return fmt.Errorf("load the visitor's time zone: %w", err)
	}
	return nil
}

// showTo answers with a page that has the user's navigation.
func (s *service) showTo(w http.ResponseWriter, r *http.Request, rc *requestContext, status int, p page) error {
	if rc.user.OpenTasks == nil {
		me, err := rc.MeWithCounts(r.Context())
		if err != nil {
			return err
		}
		// The revision stays the one that was read before the page's tasks.
		rc.user.OpenTasks = me.OpenTasks
	}
	p.Secret = p.Secret || strings.HasPrefix(p.Path, "/settings/")
	p.User = &rc.user
	p.Nav = rc.nav(p.Path)
	if s.chats != nil {
		p.Nav.Views = append(p.Nav.Views, navEntry{Name: "Assistant", Path: chatPath, Keys: "g s", Icon: "chat", Current: p.Path == chatPath})
	}
	p.RefreshAt = rc.changesBy().UnixMilli()
	return s.show(w, r, status, p)
}

// etag returns a task's entity tag (RFC 9110 section 8.8.3).
func (rc *requestContext) etag(t task.Task) string { return task.ETag(t.Version(rc.user.Epoch)) }
