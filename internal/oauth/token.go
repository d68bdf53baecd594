package oauth

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// TokenRequest is a checked request to the token endpoint. It has a Code or a Refresh token.
type TokenRequest struct {
	ClientID      string
	Code, Refresh string
	// redirectURI and verifier belong to a code.
	redirectURI, verifier string
	// scopes are the scopes that a refreshed token is limited to. Nil means all that were granted.
	scopes []string
}

// ParseToken checks the form of a request to the token endpoint. A client without a secret names
// itself in the form. Some libraries send the name as the user of HTTP Basic, with an empty password.
func (s Server) ParseToken(r *http.Request, form url.Values) (TokenRequest, error) {
	id, e := clientIDOf(r, form)
	if e != nil {
		return TokenRequest{}, e
	}
	in := TokenRequest{ClientID: id}
	var grantType, scope string
	for name, to := range map[string]*string{
		"grant_type": &grantType, "code": &in.Code, "refresh_token": &in.Refresh, "redirect_uri": &in.redirectURI,
		"code_verifier": &in.verifier, "scope": &scope,
	} {
		if *to, e = single(form, name); e != nil {
			return TokenRequest{}, e
		}
	}
	switch {
	case grantType == "":
		return TokenRequest{}, &Error{codeInvalidRequest, "grant_type is missing"}
	case grantType != grantCode && grantType != grantRefresh:
		return TokenRequest{}, &Error{codeUnsupportedGrant, "grant_type is not authorization_code or refresh_token"}
	case grantType == grantCode && in.Code == "":
		return TokenRequest{}, &Error{codeInvalidRequest, "code is missing"}
	case grantType == grantCode && in.verifier == "":
		return TokenRequest{}, &Error{codeInvalidRequest, "code_verifier is missing"}
	case grantType == grantRefresh && in.Refresh == "":
		return TokenRequest{}, &Error{codeInvalidRequest, "refresh_token is missing"}
	case grantType == grantCode:
		in.Refresh = ""
	default:
		in.Code = ""
		if asked := strings.Fields(scope); len(asked) > 0 {
			in.scopes = slices.DeleteFunc(asked, func(scope string) bool { return scope == offline })
		}
	}
	return in, s.checkResources(form)
}

// clientIDOf returns the client id of a form or of HTTP Basic.
func clientIDOf(r *http.Request, form url.Values) (string, *Error) {
	id, repeated := single(form, "client_id")
	if repeated != nil {
		return "", repeated
	}
	if user, password, ok := r.BasicAuth(); ok {
		user, err := url.QueryUnescape(user) // RFC 6749, section 2.3.1
		if err != nil || password != "" || id != "" && user != id {
			return "", &Error{codeInvalidClient, "clients have no secret here"}
		}
		id = user
	}
	if id == "" {
		return "", &Error{codeInvalidClient, "client_id is missing"}
	}
	return id, nil
}

// CheckCode refuses a code whose verifier does not fit its challenge, or that was sent to another
// redirect URI. The redirect URI may be missing, as in OAuth 2.1.
func (in TokenRequest) CheckCode(challenge, redirectURI string) error {
	if subtle.ConstantTimeCompare([]byte(challengeOf(in.verifier)), []byte(challenge)) != 1 {
		return &Error{codeInvalidGrant, "code_verifier does not fit the code"}
	}
	if in.redirectURI != "" && in.redirectURI != redirectURI {
		return &Error{codeInvalidGrant, "redirect_uri is not that of the code"}
	}
	return nil
}

// Narrow returns the scopes of a refreshed token: those of the request, which must have been granted.
func (in TokenRequest) Narrow(granted []string) ([]string, error) {
	if len(in.scopes) == 0 {
		return granted, nil
	}
	for _, scope := range in.scopes {
		if !slices.Contains(granted, scope) {
			return nil, &Error{codeInvalidScope, "the scope was not granted: ask the person again"}
		}
	}
	return in.scopes, nil
}

// TokenAnswer is the answer of the token endpoint (RFC 6749, section 5.1).
type TokenAnswer struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Refresh   string `json:"refresh_token"`
	Scope     string `json:"scope"`
}

// NewTokenAnswer returns an answer with two new tokens.
func NewTokenAnswer(scopes []string) TokenAnswer {
	return TokenAnswer{NewAccessToken(), "Bearer", int(AccessLifetime.Seconds()), NewRefreshToken(), strings.Join(scopes, " ")}
}

// Revocation is a request to end a token (RFC 7009). ClientID may be empty: the token is proof enough.
type Revocation struct{ Token, ClientID string }

// ParseRevocation checks the form of a request to end a token. The type of the token is in its prefix,
// so the hint of the request does not count.
func ParseRevocation(r *http.Request, form url.Values) (Revocation, error) {
	token, e := single(form, "token")
	if e != nil {
		return Revocation{}, e
	}
	if token == "" {
		return Revocation{}, &Error{codeInvalidRequest, "token is missing"}
	}
	id, e := clientIDOf(r, form)
	if e != nil && (form.Has("client_id") || r.Header.Get("Authorization") != "") {
		return Revocation{}, e
	}
	return Revocation{token, id}, nil
}
