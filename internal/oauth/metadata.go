package oauth

import (
	"fmt"
	"strings"
)

// The paths of the metadata. Their places are in the RFCs. Clients look for the resource's metadata
// with its path first, and then without.
const (
	ResourceMetadataPath = "/.well-known/oauth-protected-resource"
	ServerMetadataPath   = "/.well-known/oauth-authorization-server"
)

// The paths of the endpoints.
const (
	AuthorizePath = "/oauth/authorize"
	RegisterPath  = "/oauth/register"
	TokenPath     = "/oauth/token" //nolint:gosec // a path, not a credential
	RevokePath    = "/oauth/revoke"
)

// ResourceMetadata describes /mcp (RFC 9728, section 2).
type ResourceMetadata struct {
	Resource      string   `json:"resource"`
	Name          string   `json:"resource_name"`
	Servers       []string `json:"authorization_servers"`
	Scopes        []string `json:"scopes_supported"`
	Methods       []string `json:"bearer_methods_supported"`
	Documentation string   `json:"resource_documentation,omitempty"`
}

// ResourceMetadata returns the metadata of /mcp.
func (s Server) ResourceMetadata() ResourceMetadata {
	return ResourceMetadata{
		Resource: s.Resource(), Name: "TaskMaster", Servers: []string{s.Issuer}, Scopes: Scopes(), Methods: []string{"header"},
	}
}

// ServerMetadata describes the endpoints (RFC 8414, section 2).
type ServerMetadata struct {
	Issuer            string   `json:"issuer"`
	Authorize         string   `json:"authorization_endpoint"`
	Token             string   `json:"token_endpoint"`
	Register          string   `json:"registration_endpoint"`
	Revoke            string   `json:"revocation_endpoint"`
	Scopes            []string `json:"scopes_supported"`
	ResponseTypes     []string `json:"response_types_supported"`
	ResponseModes     []string `json:"response_modes_supported"`
	GrantTypes        []string `json:"grant_types_supported"`
	TokenMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevokeMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods  []string `json:"code_challenge_methods_supported"`
	IssuerInAnswer    bool     `json:"authorization_response_iss_parameter_supported"`
	ClientIDDocuments bool     `json:"client_id_metadata_document_supported"`
}

// ServerMetadata returns the metadata of the server. It lists offline_access, because some clients ask
// for a refresh token only then.
func (s Server) ServerMetadata() ServerMetadata {
	return ServerMetadata{
		Issuer: s.Issuer, Authorize: s.Issuer + AuthorizePath, Token: s.Issuer + TokenPath, Register: s.Issuer + RegisterPath,
		Revoke: s.Issuer + RevokePath, Scopes: append(Scopes(), offline),
		ResponseTypes: []string{"code"}, ResponseModes: []string{"query"}, GrantTypes: []string{grantCode, grantRefresh},
		TokenMethods: []string{methodNone}, RevokeMethods: []string{methodNone}, ChallengeMethods: []string{"S256"},
		IssuerInAnswer: true, ClientIDDocuments: true,
	}
}

// methodNone is the authentication of a client without a secret.
const methodNone = "none"

// Challenge returns the WWW-Authenticate header of a refusal at /mcp (RFC 6750, section 3; RFC 9728,
// section 5.1). scopes are those that the request needs. code is "" if the request had no token.
func (s Server) Challenge(code, description string, scopes []string) string {
	parts := []string{`realm="taskmaster"`}
	if code != "" {
		parts = append(parts, fmt.Sprintf("error=%q", code), fmt.Sprintf("error_description=%q", description))
	}
	if s.Issuer != "" {
		parts = append(parts, fmt.Sprintf("scope=%q", strings.Join(scopes, " ")),
			fmt.Sprintf("resource_metadata=%q", s.Issuer+ResourceMetadataPath+"/mcp"))
	}
	return "Bearer " + strings.Join(parts, ", ")
}

// The codes of Challenge (RFC 6750, section 3.1).
const (
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)
