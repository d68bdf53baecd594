package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// checkAuthorization describes the request of a client, for the consent page. It changes nothing:
// clients and browsers open the address of the page before the person sees it.
func (s *service) checkAuthorization(w http.ResponseWriter, r *http.Request) error {
	var in apiv1.OAuthRequest
	if _, err := s.decode(w, r, &in); err != nil {
		return err
	}
	a, refusal, err := s.authorization(r.Context(), in.Query)
	if err != nil {
		return err
	}
	place := oauth.PlaceOf(a.RedirectURI)
	out := apiv1.OAuthConsent{ClientName: a.Client.Name, Place: place.Host, OwnMachine: place.Own, FormAction: place.FormAction, Scopes: a.Scopes}
	if refusal != nil {
		out.Scopes, out.RedirectTo = nil, a.Refuse(refusal)
	}
	if out.Scopes == nil {
		out.Scopes = []string{}
	}
	return server.Encode(w, http.StatusOK, out)
}

// decideAuthorization answers with the address to which the person's decision leads. Only a person in
// the page decides. A program with a token must not get further tokens.
func (s *service) decideAuthorization(w http.ResponseWriter, r *http.Request, c caller) error {
	if c.Session == nil {
		return task.Errorf(task.CodeForbidden, "only a person who is logged in to the page can connect a client")
	}
	var in apiv1.OAuthDecision
	if _, err := s.decode(w, r, &in); err != nil {
		return err
	}
	a, refusal, err := s.authorization(r.Context(), in.Query)
	if err != nil {
		return err
	}
	var to string
	switch {
	case refusal != nil:
		to = a.Refuse(refusal)
	case !in.Allow:
		to = a.Deny()
	default:
		code, err := s.grant(r.Context(), c.UserID, a)
		if err != nil {
			return err
		}
		to = a.Accept(code)
	}
	return server.Encode(w, http.StatusOK, apiv1.OAuthRedirect{RedirectTo: to})
}

// authorization returns a checked authorization request. A refusal goes to the client, in the address
// that Refuse returns. An error stays with the person, because nobody can say where the address leads.
func (s *service) authorization(ctx context.Context, query string) (a oauth.Authorization, refusal *oauth.Error, err error) {
	if s.cfg.PublicURL == "" {
		return a, nil, task.Errorf(task.CodeNotFound, "OAuth needs PUBLIC_URL, which is not set")
	}
	id, err := oauth.ClientIDOf(query)
	var c oauth.Client
	if err == nil {
		c, err = s.oauthClient(ctx, id)
	}
	if err == nil {
		a, err = s.oauth().ParseAuthorization(query, c)
	}
	if refusal, refused := errors.AsType[*oauth.Error](err); refused {
		return a, refusal, nil
	}
	if unsafe, ok := errors.AsType[*oauth.UnsafeError](err); ok {
		return a, nil, task.Errorf(task.CodeInvalid, "%s", unsafe.Reason)
	}
	return a, nil, err
}

// grant connects a client and returns a code for it.
func (s *service) grant(ctx context.Context, userID uuid.UUID, a oauth.Authorization) (code string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make grant id: %w", err)
	}
	now := s.instant()
	code = oauth.NewCode()
	return code, s.db.InTx(ctx, func(tx pgx.Tx) error {
		// While the user's row is locked, no other request can add a client.
		if _, err := postgres.LockUser(ctx, tx, userID); err != nil {
			return err
		}
		granted, err := postgres.KeepOAuthGrant(ctx, tx, postgres.OAuthGrant{
			ID: id, UserID: userID, ClientID: a.Client.ID, ClientName: a.Client.Name, Place: oauth.PlaceOf(a.RedirectURI).Host, CreatedAt: now,
		})
		if err != nil {
			return err
		}
		return postgres.InsertOAuthToken(ctx, tx, postgres.OAuthToken{
			Hash: account.Hash(code), Kind: postgres.OAuthCode, GrantID: granted, Family: uuid.New(), Scopes: a.Scopes, Resource: a.Resource,
			RedirectURI: a.RedirectURI, Challenge: a.Challenge, CreatedAt: now, ExpiresAt: now.Add(oauth.CodeLifetime),
		})
	})
}
