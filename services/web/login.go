package main

import (
	"net/http"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// loginForm holds the typed fields of the login page, and the page that follows it.
type loginForm struct {
	Email, Next, Problem string
	// Ended reports whether the browser still sends the cookie of an ended session.
	Ended bool
	// Invite is the token of an invitation.
	Invite string
	// SignUp reports whether the person may create an account.
	SignUp bool
	// Join reports whether an account begins with a link by e-mail.
	Join bool
}

// showLogin shows the form for logging in and signing up.
func (s *service) showLogin(w http.ResponseWriter, r *http.Request, status int, p page, form loginForm) error {
	var mode apiv1.SignupMode
	err := s.api.For(w, r).Call(r.Context(), "GET", "/signup", nil, &mode)
	// Without an answer the form is there, and the API decides.
	form.SignUp = err != nil || mode.Mode == "open" || mode.Mode == "" || form.Invite != ""
	form.Join = err == nil && mode.Mode == "confirm" && form.Invite == ""
	p.Name, p.Title, p.Body, p.Secret = "login", "Welcome to TaskMaster", form, form.Invite != ""
	return s.show(w, r, status, p)
}

// loginPage shows the form for logging in and signing up.
func (s *service) loginPage(w http.ResponseWriter, r *http.Request) error {
	next, _ := localPath(r.URL.Query().Get("next"))
	if leadsToConsent(next) {
		keepOpener(w)
	}
	api := s.api.For(w, r)
	_, err := api.Me(r.Context())
	if err == nil {
		http.Redirect(w, r, orToday(next), http.StatusSeeOther)
		return nil
	}
	form := loginForm{Next: next, Ended: api.HasSession() && task.ErrorCode(err) == task.CodeUnauthorized, Invite: r.URL.Query().Get("invite")}
	return s.showLogin(w, r, http.StatusOK, page{}, form)
}

func (s *service) login(w http.ResponseWriter, r *http.Request) error {
	return s.startSession(w, r, "/login", apiv1.Credentials{Email: r.PostFormValue("email"), Password: r.PostFormValue("password")})
}

func (s *service) signup(w http.ResponseWriter, r *http.Request) error {
	return s.startSession(w, r, "/signup", apiv1.SignUp{
		Email: r.PostFormValue("email"), Password: r.PostFormValue("password"),
		// A script fills in both fields. Without scripts the API uses UTC and Monday, and the
		// settings can change them.
		TimeZone: r.PostFormValue("time_zone"), WeekStart: r.PostFormValue("week_start"),
		Language: phrase.AcceptLanguage(r.Header.Get("Accept-Language")), Invite: r.PostFormValue("invite"),
	})
}

// startSession logs in or signs up through the API.
func (s *service) startSession(w http.ResponseWriter, r *http.Request, path string, in any) error {
	next, _ := localPath(r.PostFormValue("next"))
	if leadsToConsent(next) {
		keepOpener(w)
	}
	err := s.api.For(w, r).Call(r.Context(), "POST", path, in, nil)
	switch task.ErrorCode(err) {
	case "":
	case task.CodeInvalid, task.CodeUnauthorized, task.CodeConflict, task.CodeRateLimited, task.CodeForbidden, task.CodeNotFound:
		p := s.explainError(w, r, err)
		form := loginForm{Email: r.PostFormValue("email"), Next: next, Problem: problemSentence(p), Invite: r.PostFormValue("invite")}
		return s.showLogin(w, r, p.Status, page{Here: "/enter"}, form)
	default:
		return err
	}
	http.Redirect(w, r, orToday(next), http.StatusSeeOther)
	return nil
}

// logout ends the session. It refuses if another account has logged in since the page was made.
func (s *service) logout(w http.ResponseWriter, r *http.Request) error {
	rc := &requestContext{Client: s.api.For(w, r)}
	var err error
	switch rc.user, err = rc.Me(r.Context()); task.ErrorCode(err) {
	case "":
		if err := rc.checkAccount(r); err != nil {
			return err
		}
	case task.CodeUnauthorized: // the session has ended already
	default:
		return err
	}
	if err := rc.Call(r.Context(), "POST", "/logout", nil, nil); err != nil {
		return err
	}
	// The pages in the browser's cache go too. Changes that wait for a connection stay.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/enter", http.StatusSeeOther)
	return nil
}

func orToday(path string) string {
	if path == "" {
		return "/today"
	}
	return path
}
