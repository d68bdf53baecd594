package main

import (
	"net/http"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// linkPage is a page that a link of an e-mail leads to, or the page that asks for such a link. The link
// has its token in the query, because a page without scripts cannot read a fragment. The page has no
// cache and sends no Referer. It uses the link only when a person presses its button: programs that
// check e-mails open links too.
type linkPage struct {
	Token, Email, Problem string
	// Sent reports whether an e-mail was asked for.
	Sent bool
	// Done describes the effect of the link after its use.
	Done string
}

// showLink shows one of the pages. An error that the person can correct is shown above the form.
func (s *service) showLink(w http.ResponseWriter, r *http.Request, name, title string, p linkPage, err error) error {
	status := http.StatusOK
	switch task.ErrorCode(err) {
	case "":
	case task.CodeInvalid, task.CodeNotFound, task.CodeConflict, task.CodeRateLimited, task.CodeForbidden:
		problem := s.explainError(w, r, err)
		p.Problem, status = problemSentence(problem), problem.Status
	default:
		return err
	}
	return s.show(w, r, status, page{Name: name, Title: title, Here: "/" + name, Body: p, Secret: true})
}

const (
	joinTitle    = "Create an account"
	forgotTitle  = "Forgot your password?"
	resetTitle   = "Set a new password"
	confirmTitle = "Confirm your e-mail address"
)

func (s *service) joinPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, "join", joinTitle, linkPage{}, nil)
}

// join asks for the link that makes an account. The page is the same whether the address has an account or
// not.
func (s *service) join(w http.ResponseWriter, r *http.Request) error {
	p := linkPage{Email: r.PostFormValue("email")}
	err := s.api.For(w, r).Call(r.Context(), "POST", "/signup/link", apiv1.SignUpLink{Email: p.Email}, nil)
	p.Sent = err == nil
	return s.showLink(w, r, "join", joinTitle, p, err)
}

func (s *service) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, "forgot", forgotTitle, linkPage{}, nil)
}

// forget asks for the link. The page is the same whether the address has an account or not.
func (s *service) forget(w http.ResponseWriter, r *http.Request) error {
	p := linkPage{Email: r.PostFormValue("email")}
	err := s.api.For(w, r).Call(r.Context(), "POST", "/password/forgot", apiv1.Forgotten{Email: p.Email}, nil)
	p.Sent = err == nil
	return s.showLink(w, r, "forgot", forgotTitle, p, err)
}

func (s *service) resetPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, "reset", resetTitle, linkPage{Token: r.URL.Query().Get("token")}, nil)
}

func (s *service) reset(w http.ResponseWriter, r *http.Request) error {
	p := linkPage{Token: r.PostFormValue("token")}
	err := s.api.For(w, r).Call(r.Context(), "POST", "/password/reset", apiv1.PasswordReset{Token: p.Token, Password: r.PostFormValue("password")}, nil)
	if err == nil {
		p.Done = "Your password is changed"
	}
	return s.showLink(w, r, "reset", resetTitle, p, err)
}

func (s *service) confirmPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, "confirm", confirmTitle, linkPage{Token: r.URL.Query().Get("token")}, nil)
}

// confirm uses the link that confirms an address or agrees to a change of the address.
func (s *service) confirm(w http.ResponseWriter, r *http.Request) error {
	p := linkPage{Token: r.PostFormValue("token")}
	var out apiv1.LinkResult
	err := s.api.For(w, r).Call(r.Context(), "POST", "/links", apiv1.UsedLink{Token: p.Token}, &out)
	switch {
	case err != nil:
	case out.Waits:
		p.Done = "Thank you. The address changes when the other address has agreed too. It has an e-mail with a link of its own."
	case out.Purpose == "confirm":
		p.Done = out.Email + " is confirmed. Reminders and security notices may go there now."
	default:
		p.Done = "The address of the account is " + out.Email + " now. Log in with it from now on."
	}
	return s.showLink(w, r, "confirm", confirmTitle, p, err)
}

// askConfirmation sends the user a link that confirms the address.
func (s *service) askConfirmation(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if err := rc.Call(r.Context(), "POST", "/address/confirmation", nil, nil); err != nil {
		return s.refuseAccount(w, r, rc, err, "address")
	}
	to, ok := localPath(r.PostFormValue("back"))
	if !ok {
		to = accountPath
	}
	return s.redirectWithFlash(w, r, to, flashMessage{Text: "An e-mail with a link is on its way to " + rc.user.Email})
}

// changeAddress asks both addresses to agree to the change.
func (s *service) changeAddress(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	in := apiv1.AddressInput{Email: r.PostFormValue("email"), Password: r.PostFormValue("password")}
	if err := rc.Call(r.Context(), "POST", "/address/change", in, nil, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return s.refuseAccount(w, r, rc, err, "address", "email", "password")
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "E-mails with links are on their way"})
}

// keepAddress withdraws a change of the address.
func (s *service) keepAddress(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if err := rc.Call(r.Context(), "DELETE", "/address/change", nil, nil); err != nil {
		return err
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "You keep " + rc.user.Email})
}
