package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// visit is a request of somebody who is logged in.
type visit struct {
	*session
	user user
	zone *time.Location
	now  time.Time
	// open are all open tasks, by due date; nil before loadOpen.
	open []task.Task
	// more says that there are more open tasks than were read.
	more bool
}

// visitHandler answers a visit with show or done, or returns an error, which fail answers.
type visitHandler func(rw http.ResponseWriter, r *http.Request, v *visit) error

// maxForm is the largest form that is read, in bytes. A letter of the longest notes can take nine of them as a form has it.
const maxForm = 256 << 10

// page adapts a handler of a page: GET, for who is logged in.
func (w *web) page(h visitHandler) http.Handler {
	return w.fragment(func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		// After the user, and not at once: what changes after the revision was read is announced by live, so no change is missed.
		if err := v.loadOpen(r); err != nil {
			return err
		}
		return h(rw, r, v)
	})
}

// fragment adapts a handler of what stands in a page and needs no navigation: GET, for who is logged in.
func (w *web) fragment(h visitHandler) http.Handler { return w.answer(w.visited(h)) }

// form adapts a handler of a form: POST, for who is logged in, from a page of ours. Another site's is refused here: api sees
// web's own requests and cannot tell.
func (w *web) form(h visitHandler) http.Handler { return w.anyForm(w.visited(h)) }

// visited finds out who asks.
func (w *web) visited(h visitHandler) server.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		v := &visit{session: w.newSession(rw, r), now: w.now()}
		if err := v.loadUser(r); err != nil {
			return err
		}
		if err := v.checkOwner(r); err != nil {
			return err
		}
		return h(rw, r, v)
	}
}

// anyForm adapts a handler of a form for whoever sends it, from a page of ours.
func (w *web) anyForm(h server.Handler) http.Handler {
	return w.answer(func(rw http.ResponseWriter, r *http.Request) error {
		if err := w.origins.Check(r); err != nil {
			return err
		}
		r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			if errors.As(err, new(*http.MaxBytesError)) {
				return &server.StatusError{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the form is too large"}
			}
			return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the form cannot be read"}
		}
		return h(rw, r)
	})
}

// answer adapts a handler whose errors are shown to a person.
func (w *web) answer(h server.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		err := w.allow(r)
		if err == nil {
			err = h(rw, r)
		}
		if err != nil {
			w.fail(rw, r, err)
		}
	})
}

func (v *visit) loadUser(r *http.Request) (err error) {
	if v.user, err = v.me(r.Context()); err != nil {
		return err
	}
	if v.zone, err = task.LoadZone(v.user.TimeZone); err != nil {
		return fmt.Errorf("load the visitor's time zone: %w", err)
	}
	return nil
}

func (v *visit) loadOpen(r *http.Request) (err error) {
	v.open, v.more, err = v.tasks(r.Context(), url.Values{"status": {"open"}})
	return err
}

// showTo answers with a page that has the visitor's navigation.
func (w *web) showTo(rw http.ResponseWriter, r *http.Request, v *visit, status int, p page) error {
	if v.open == nil {
		if err := v.loadOpen(r); err != nil {
			return err
		}
	}
	p.User = &v.user
	p.Nav = v.nav(p.Path)
	p.RefreshAt = v.changesBy().UnixMilli()
	return w.show(rw, r, status, p)
}
