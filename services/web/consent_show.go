package main

import (
	"net/http"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/oauth"
	"taskmaster/services/web/client"
)

// consentPage is the page on which a person allows a client or not.
type consentPage struct {
	apiv1.OAuthConsent
	// Wishes are the scopes in words.
	Wishes []string
	// Query is the client's request.
	Query string
}

// consent shows what a client asks for. A person who is logged out logs in first and comes back. GET
// changes nothing, because some clients open the address themselves before the browser does.
func (s *service) consent(w http.ResponseWriter, r *http.Request) error {
	keepOpener(w)
	var asked apiv1.OAuthConsent
	if err := s.api.For(w, r).Call(r.Context(), "POST", "/oauth/requests", apiv1.OAuthRequest{Query: r.URL.RawQuery}, &asked); err != nil {
		return err
	}
	if asked.RedirectTo != "" {
		redirectToClient(w, r, asked.RedirectTo)
		return nil
	}
	return s.withContext((*client.Client).MeWithCounts, func(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
		p := consentPage{OAuthConsent: asked, Query: r.URL.RawQuery}
		for _, scope := range asked.Scopes {
			p.Wishes = append(p.Wishes, scopeWord(scope))
		}
		// Browsers check where a form leads, also after a redirect.
		allowed := strings.Replace(w.Header().Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+asked.FormAction, 1)
		w.Header().Set("Content-Security-Policy", allowed)
		return s.showTo(w, r, rc, http.StatusOK, page{Name: "consent", Title: "Connect " + asked.ClientName, Body: p, Secret: true})
	})(w, r)
}

// decide sends the person's decision, and the browser to the client.
func (s *service) decide(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	keepOpener(w)
	in := apiv1.OAuthDecision{Query: r.PostFormValue("query"), Allow: r.PostFormValue("decision") == "allow"}
	var out apiv1.OAuthRedirect
	if err := rc.Call(r.Context(), "POST", "/oauth/decisions", in, &out); err != nil {
		return err
	}
	redirectToClient(w, r, out.RedirectTo)
	return nil
}

// redirectToClient sends the browser to an address that the API built. It can have a private scheme.
func redirectToClient(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// keepOpener lets a client that opened the page in a window of its own hear of its end. Any other page
// cuts the tie to the window that opened it.
func keepOpener(w http.ResponseWriter) { w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none") }

// leadsToConsent reports whether a login leads back to the consent page.
func leadsToConsent(next string) bool { return strings.HasPrefix(next, oauth.AuthorizePath+"?") }
