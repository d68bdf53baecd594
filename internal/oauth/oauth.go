// Package oauth has the rules of OAuth 2.1 by which an assistant gets a token for /mcp without a
// copied secret. It does no I/O, except for fetching the documents of clients.
//
//	metadata.go   where a client finds everything: RFC 9728, RFC 8414, WWW-Authenticate
//	redirect.go   the addresses that may receive a code: RFC 8252
//	register.go   how a client introduces itself: RFC 7591
//	document.go   or by the URL of a document: Client ID Metadata Document
//	authorize.go  the request that a person decides about: RFC 6749, 7636, 8707, 9207
//	token.go      codes and refresh tokens for access tokens, and their end: RFC 6749, 7009
//
//	client ── POST /mcp ── 401 ── metadata ── POST /oauth/register
//	   └── browser ── GET /oauth/authorize ── consent ── code ── POST /oauth/token ── POST /mcp
//
// All clients are public: they run on other people's machines and keep no secret. PKCE binds a code
// to the client that asked for it. docs/decisions/0011 has the reasons against a library.
package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/account"
)

// Lifetimes of what api issues.
const (
	// CodeLifetime is how long a code can be exchanged. A browser and a client need seconds.
	CodeLifetime = time.Minute
	// AccessLifetime is how long an access token works. A stolen one is useless after it.
	AccessLifetime = time.Hour
	// RefreshLifetime is how long a refresh token works. A client that is unused for so long has to ask
	// the person again.
	RefreshLifetime = 30 * 24 * time.Hour
	// RefreshGrace is how long a refresh token that was used works again. Hosts refresh in parallel, and
	// answers get lost. Later uses end the login, because two parties then have the token.
	RefreshGrace = 2 * time.Minute
	// UnusedClient is how long a registered client is kept that nobody uses.
	UnusedClient = 30 * 24 * time.Hour
)

// Server is the authorization server for one resource, the route /mcp.
type Server struct {
	// Issuer is the public scheme and host. Metadata, iss and the tokens' issuer are this string.
	Issuer string
}

// Resource is the audience of all tokens (RFC 8707).
func (s Server) Resource() string { return s.Issuer + "/mcp" }

// isResource reports whether a resource parameter names the resource. Some clients add a slash.
func (s Server) isResource(resource string) bool {
	return strings.TrimSuffix(resource, "/") == s.Resource()
}

// offline is the scope by which some clients ask for a refresh token. Each client gets one.
const offline = "offline_access"

// Scopes returns the scopes that a client can get. It cannot get the account itself: its channels and
// tokens would be a way out for an instruction that hides in a task.
func Scopes() []string { return []string{account.ScopeTasksRead, account.ScopeTasksWrite} }

// knownScopes returns the known scopes of a scope parameter, in a fixed order. A client that names
// none gets all of them, because it cannot ask for more later.
func knownScopes(parameter string) []string {
	asked := strings.Fields(parameter)
	if len(asked) == 0 {
		return Scopes()
	}
	return slices.DeleteFunc(Scopes(), func(scope string) bool { return !slices.Contains(asked, scope) })
}

// Error is a refusal in the words of RFC 6749. Description has ASCII without quotes, as the RFC asks.
type Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Error returns the code and the description.
func (e *Error) Error() string { return e.Code + ": " + e.Description }

// Status returns the status of an answer with the error.
func (e *Error) Status() int {
	if e.Code == codeInvalidClient {
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// The codes of RFC 6749, 7591 and 8707 that are in use.
const (
	codeInvalidRequest      = "invalid_request"
	codeInvalidClient       = "invalid_client"
	codeInvalidGrant        = "invalid_grant"
	codeInvalidScope        = "invalid_scope"
	codeInvalidTarget       = "invalid_target"
	codeAccessDenied        = "access_denied"
	codeUnsupportedGrant    = "unsupported_grant_type"
	codeUnsupportedResponse = "unsupported_response_type"
	codeInvalidRedirect     = "invalid_redirect_uri"
	codeInvalidMetadata     = "invalid_client_metadata"
)

// The refusals that depend on the stored clients and tokens.
var (
	// ErrUnknownClient makes a client register again.
	ErrUnknownClient = &Error{codeInvalidClient, "the client is not known here: register again"}
	// ErrGrant makes a client ask the person again.
	ErrGrant = &Error{codeInvalidGrant, "the code or token is not valid, or no longer"}
)

// single returns the only value of a parameter, or "". A parameter must not be repeated (RFC 6749,
// section 3.1): two readers could use different values.
func single(form url.Values, name string) (string, *Error) {
	switch values := form[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", &Error{codeInvalidRequest, name + " is repeated"}
}

// The prefixes of secrets. Scanners for leaked secrets recognise them.
const (
	codePrefix    = "tmc_"
	accessPrefix  = "tmo_"
	refreshPrefix = "tmr_"
)

func newSecret(prefix string) string {
	secret := make([]byte, 32)
	rand.Read(secret) // it never fails
	return prefix + base64.RawURLEncoding.EncodeToString(secret)
}

// NewCode returns a new authorization code.
func NewCode() string { return newSecret(codePrefix) }

// NewAccessToken returns a new access token.
func NewAccessToken() string { return newSecret(accessPrefix) }

// NewRefreshToken returns a new refresh token.
func NewRefreshToken() string { return newSecret(refreshPrefix) }

// AccessToken returns the access token of a request, or "" if the request has another credential.
func AccessToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(token, accessPrefix) {
		return token
	}
	return ""
}

// challengeOf returns the code challenge of a verifier by the method S256 (RFC 7636, section 4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
