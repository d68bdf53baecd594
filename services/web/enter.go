package main

import (
	"net/http"

	"taskmaster/internal/task"
)

// enterForm is what somebody typed to log in or sign up, and where they go then.
type enterForm struct {
	Email, Next, Problem string
	// Ended says that the browser still shows a session that has ended.
	Ended bool
}

// enter is the page on which people log in and sign up.
func (w *web) enter(rw http.ResponseWriter, r *http.Request) error {
	next, _ := localPath(r.URL.Query().Get("next"))
	s := w.newSession(rw, r)
	_, err := s.me(r.Context())
	if err == nil {
		http.Redirect(rw, r, orToday(next), http.StatusSeeOther)
		return nil
	}
	form := enterForm{Next: next, Ended: s.cookie != nil && task.ErrorCode(err) == task.CodeUnauthorized}
	return w.show(rw, r, http.StatusOK, page{Name: "enter", Title: "Welcome to TaskMaster", Body: form})
}

func (w *web) login(rw http.ResponseWriter, r *http.Request) error {
	return w.begin(rw, r, "/login", map[string]string{"email": r.PostFormValue("email"), "password": r.PostFormValue("password")})
}

func (w *web) signup(rw http.ResponseWriter, r *http.Request) error {
	in := map[string]string{"email": r.PostFormValue("email"), "password": r.PostFormValue("password")}
	// A script fills them in. Without one they are UTC and Monday, which the account's settings change.
	if zone := r.PostFormValue("time_zone"); zone != "" {
		in["time_zone"] = zone
	}
	if day := r.PostFormValue("week_start"); day != "" {
		in["week_start"] = day
	}
	return w.begin(rw, r, "/signup", in)
}

// begin starts a session by a call of api.
func (w *web) begin(rw http.ResponseWriter, r *http.Request, path string, in map[string]string) error {
	next, _ := localPath(r.PostFormValue("next"))
	err := w.newSession(rw, r).call(r.Context(), "POST", path, in, nil)
	switch task.ErrorCode(err) {
	case "":
	case task.CodeInvalid, task.CodeUnauthorized, task.CodeConflict, task.CodeRateLimited:
		p := w.explain(rw, r, err)
		form := enterForm{Email: in["email"], Next: next, Problem: sentence(p)}
		return w.show(rw, r, p.Status, page{Name: "enter", Title: "Welcome to TaskMaster", Here: "/enter", Body: form})
	default:
		return err
	}
	http.Redirect(rw, r, orToday(next), http.StatusSeeOther)
	return nil
}

// logout ends the session, unless it is another person's than the page's by now.
func (w *web) logout(rw http.ResponseWriter, r *http.Request) error {
	v := &visit{session: w.newSession(rw, r)}
	var err error
	switch v.user, err = v.me(r.Context()); task.ErrorCode(err) {
	case "":
		if err := v.checkOwner(r); err != nil {
			return err
		}
	case task.CodeUnauthorized: // it has ended
	default:
		return err
	}
	if err := v.call(r.Context(), "POST", "/logout", nil, nil); err != nil {
		return err
	}
	http.Redirect(rw, r, "/enter", http.StatusSeeOther)
	return nil
}

func orToday(path string) string {
	if path == "" {
		return "/today"
	}
	return path
}
