package oauth

import (
	"net/url"
	"regexp"
	"strings"
)

// MaxQuery is the longest query of an authorization request in bytes.
const MaxQuery = 8 << 10

// challengeForm is the form of a code challenge by S256: a SHA-256 in base64url.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Authorization is a checked authorization request.
type Authorization struct {
	Client      Client
	RedirectURI string
	Scopes      []string
	Resource    string
	Challenge   string
	state       string
	server      Server
}

// UnsafeError refuses an authorization request whose redirect URI cannot be trusted. The browser must
// stay here, or this server would send people to any address (RFC 6749, section 4.1.2.1).
type UnsafeError struct{ Reason string }

// Error returns the reason.
func (e *UnsafeError) Error() string { return e.Reason }

// ClientIDOf returns the client id of the query of an authorization request.
func ClientIDOf(query string) (string, error) {
	form, err := url.ParseQuery(query)
	if err != nil || len(query) > MaxQuery {
		return "", &UnsafeError{"the address cannot be read"}
	}
	id, repeated := single(form, "client_id")
	if repeated != nil || id == "" {
		return "", &UnsafeError{"the address names no client"}
	}
	return id, nil
}

// ParseAuthorization checks the query of an authorization request of a client. Without a trustworthy
// redirect URI it returns an UnsafeError. For other mistakes it returns an Error together with the
// request, whose Refuse returns the address that tells the client.
func (s Server) ParseAuthorization(query string, c Client) (Authorization, error) {
	a := Authorization{Client: c, Resource: s.Resource(), server: s}
	form, err := url.ParseQuery(query)
	if err != nil || len(query) > MaxQuery {
		return a, &UnsafeError{"the address cannot be read"}
	}
	uri, repeated := single(form, "redirect_uri")
	if repeated == nil && uri == "" && len(c.RedirectURIs) == 1 {
		uri = c.RedirectURIs[0]
	}
	if repeated != nil || !mayRedirect(c.RedirectURIs, uri) {
		return a, &UnsafeError{c.Name + " did not register the address to which it wants to return"}
	}
	a.RedirectURI = uri
	values := map[string]string{}
	for _, name := range []string{"state", "response_type", "response_mode", "scope", "code_challenge", "code_challenge_method", "request", "request_uri"} {
		value, repeated := single(form, name)
		if repeated != nil {
			return a, repeated
		}
		values[name] = value
	}
	a.state, a.Challenge, a.Scopes = values["state"], values["code_challenge"], knownScopes(values["scope"])
	switch {
	case values["request"] != "" || values["request_uri"] != "":
		return a, &Error{"request_not_supported", "request objects are not supported"}
	case values["response_type"] == "":
		return a, &Error{codeInvalidRequest, "response_type is missing"}
	case values["response_type"] != "code":
		return a, &Error{codeUnsupportedResponse, "response_type is not code"}
	case values["response_mode"] != "" && values["response_mode"] != "query":
		return a, &Error{codeInvalidRequest, "response_mode is not query"}
	case values["code_challenge"] == "":
		return a, &Error{codeInvalidRequest, "code_challenge is missing: PKCE is required"}
	case values["code_challenge_method"] != "S256":
		return a, &Error{codeInvalidRequest, "code_challenge_method is not S256"}
	case !challengeForm.MatchString(a.Challenge):
		return a, &Error{codeInvalidRequest, "code_challenge is not a SHA-256 in base64url"}
	case len(a.Scopes) == 0 && strings.TrimSpace(values["scope"]) == offline:
		a.Scopes = Scopes()
	case len(a.Scopes) == 0:
		return a, &Error{codeInvalidScope, "scope names none of " + strings.Join(Scopes(), ", ")}
	}
	return a, s.checkResources(form)
}

// checkResources refuses a token for another audience. Older clients name no resource.
func (s Server) checkResources(form url.Values) error {
	for _, resource := range form["resource"] {
		if !s.isResource(resource) {
			return &Error{codeInvalidTarget, "resource is not " + s.Resource()}
		}
	}
	return nil
}

// Accept returns the address that brings a code to the client.
func (a Authorization) Accept(code string) string { return a.answer(url.Values{"code": {code}}) }

// Deny returns the address that tells the client that the person said no.
func (a Authorization) Deny() string {
	return a.Refuse(&Error{codeAccessDenied, "the person said no"})
}

// Refuse returns the address that tells the client an error.
func (a Authorization) Refuse(e *Error) string {
	return a.answer(url.Values{"error": {e.Code}, "error_description": {e.Description}})
}

// answer returns the redirect URI with an answer, the state and the issuer (RFC 9207). The query of
// the redirect URI stays.
func (a Authorization) answer(values url.Values) string {
	if a.state != "" {
		values.Set("state", a.state)
	}
	values.Set("iss", a.server.Issuer)
	separator := "?"
	if strings.Contains(a.RedirectURI, "?") {
		separator = "&"
	}
	return a.RedirectURI + separator + values.Encode()
}
