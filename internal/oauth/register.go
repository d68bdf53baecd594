package oauth

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Limits of a registration.
const (
	// MaxRegistration is the largest request in bytes.
	MaxRegistration = 16 << 10
	maxRedirects    = 10
	maxClientName   = 100
)

// Client is a program that asks for access.
type Client struct {
	ID   string
	Name string
	// RedirectURIs may receive codes.
	RedirectURIs []string
}

// Registration is a checked request to register a client.
type Registration struct {
	Client
	scope           string
	applicationType string
}

// clientMetadata are the fields of a client that matter here (RFC 7591, section 2). Others are
// ignored, as the RFC asks.
type clientMetadata struct {
	ID              string   `json:"client_id,omitempty"`
	IssuedAt        int64    `json:"client_id_issued_at,omitempty"`
	Name            string   `json:"client_name,omitempty"`
	RedirectURIs    []string `json:"redirect_uris"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	TokenMethod     string   `json:"token_endpoint_auth_method"`
	Scope           string   `json:"scope,omitempty"`
	ApplicationType string   `json:"application_type,omitempty"`
}

// ParseRegistration checks the body of a request to register. The client may ask for any scope later,
// whatever scope it registers. It may ask for a secret and gets none (RFC 7591, section 3.2.1).
func ParseRegistration(body []byte) (Registration, error) {
	var in clientMetadata
	if err := json.Unmarshal(body, &in); err != nil {
		return Registration{}, &Error{codeInvalidMetadata, "the body is not a JSON object with the metadata of a client"}
	}
	if len(in.GrantTypes) > 0 && !slices.Contains(in.GrantTypes, grantCode) {
		return Registration{}, &Error{codeInvalidMetadata, "grant_types lacks authorization_code"}
	}
	if len(in.ResponseTypes) > 0 && !slices.Contains(in.ResponseTypes, "code") {
		return Registration{}, &Error{codeInvalidMetadata, "response_types lacks code"}
	}
	c, err := in.client()
	if err != nil {
		return Registration{}, err
	}
	return Registration{c, in.Scope, in.ApplicationType}, nil
}

// client checks the redirect URIs and returns the client with a name that can be shown.
func (in clientMetadata) client() (Client, error) {
	if len(in.RedirectURIs) == 0 || len(in.RedirectURIs) > maxRedirects {
		return Client{}, &Error{codeInvalidRedirect, "redirect_uris needs 1 to 10 entries"}
	}
	for _, uri := range in.RedirectURIs {
		if reason := checkRedirect(uri); reason != "" {
			return Client{}, &Error{codeInvalidRedirect, "a redirect URI " + reason}
		}
	}
	name := shownName(in.Name)
	if name == "" {
		name = PlaceOf(in.RedirectURIs[0]).Host
	}
	return Client{Name: name, RedirectURIs: in.RedirectURIs}, nil
}

// shownName returns a name for a page: one line, without characters that change the direction of
// text, and not too long.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, ""))
	runes := []rune(strings.Join(strings.Fields(name), " "))
	return string(runes[:min(len(runes), maxClientName)])
}

// Fingerprint identifies equal registrations, which are one client. Hosts register anew for each
// connection of each of their users. The port of a program on the own machine does not count.
func (r Registration) Fingerprint() []byte {
	uris := make([]string, len(r.RedirectURIs))
	for i, uri := range r.RedirectURIs {
		uris[i] = withoutPort(uri)
	}
	sum := sha256.Sum256([]byte(r.Name + "\n" + strings.Join(uris, "\n")))
	return sum[:]
}

// Answer returns the body of the answer to a registration (RFC 7591, section 3.2.1). It leaves out
// empty fields, on which some clients fail.
func (r Registration) Answer(id string, issuedAt time.Time) any {
	return clientMetadata{
		ID: id, IssuedAt: issuedAt.Unix(), Name: r.Name, RedirectURIs: r.RedirectURIs, Scope: r.scope, ApplicationType: r.applicationType,
		GrantTypes: []string{grantCode, grantRefresh}, ResponseTypes: []string{"code"}, TokenMethod: methodNone,
	}
}
