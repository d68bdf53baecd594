package apiv1

// OAuthRequest is the body of POST /oauth/requests. Query is the query of the address
// /oauth/authorize.
type OAuthRequest struct {
	Query string `json:"query" validate:"max=8192"`
}

// OAuthConsent describes the request of a client to a person.
type OAuthConsent struct {
	ClientName string `json:"client_name"`
	// Place is the host to which the client returns, or the scheme of a program.
	Place string `json:"place"`
	// OwnMachine reports that a program on the person's machine gets the answer. Any program there can
	// do so.
	OwnMachine bool `json:"own_machine"`
	// FormAction is the source of Place for a Content-Security-Policy.
	FormAction string   `json:"form_action"`
	Scopes     []string `json:"scopes"`
	// RedirectTo is set if the request is refused: the browser tells the client there.
	RedirectTo string `json:"redirect_to,omitempty"`
}

// OAuthDecision is the body of POST /oauth/decisions.
type OAuthDecision struct {
	Query string `json:"query" validate:"max=8192"`
	Allow bool   `json:"allow"`
}

// OAuthRedirect is the answer to a decision. The browser goes to RedirectTo.
type OAuthRedirect struct {
	RedirectTo string `json:"redirect_to"`
}
