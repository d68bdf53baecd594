package apiv1

// Forgotten is the body of POST /password/forgot.
type Forgotten struct {
	Email string `json:"email" validate:"required,email,max=254"`
}

// PasswordReset is the body of POST /password/reset.
type PasswordReset struct {
	Token    string `json:"token" validate:"required,max=100"`
	Password string `json:"password" validate:"required,min=8,max=256"`
}

// UsedLink is the body of POST /links.
type UsedLink struct {
	Token string `json:"token" validate:"required,max=100"`
}

// LinkResult is the answer to POST /links.
type LinkResult struct {
	// Purpose is confirm, leave or join: the link of a change of the address is sent to both.
	Purpose string `json:"purpose"`
	// Email is the address of the account now.
	Email string `json:"email"`
	// Waits reports whether the other address still has to agree to the change.
	Waits bool `json:"waits"`
}

// AddressInput is the body of POST /address/change.
type AddressInput struct {
	Email    string `json:"email" validate:"required,email,max=254"`
	Password string `json:"password" validate:"required,max=256"`
}
