package main

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// issueToken exchanges a code or a refresh token for an access token and a refresh token.
func (s *service) issueToken(w http.ResponseWriter, r *http.Request) error {
	form, err := readOAuthForm(w, r)
	if err != nil {
		return err
	}
	in, err := s.oauth().ParseToken(r, form)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	// Nobody fetches a document for a token: the grant names the client.
	if !oauth.IsDocumentURL(in.ClientID) {
		_, err := s.registeredClient(ctx, in.ClientID)
		if task.ErrorCode(err) == task.CodeNotFound {
			return oauth.ErrUnknownClient
		}
		if err != nil {
			return err
		}
	}
	var out oauth.TokenAnswer
	var refusal error
	err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		out, refusal, err = s.exchange(ctx, tx, in, s.instant())
		return err
	})
	if err = cmp.Or(err, refusal); err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

// exchange spends a code or refresh token. A refusal may end tokens. It is therefore no error, which
// would undo that.
func (s *service) exchange(ctx context.Context, tx pgx.Tx, in oauth.TokenRequest, now time.Time) (out oauth.TokenAnswer, refusal, err error) {
	t, grant, err := lockToken(ctx, tx, cmp.Or(in.Code, in.Refresh))
	if task.ErrorCode(err) == task.CodeNotFound {
		return out, oauth.ErrGrant, nil
	}
	if err != nil {
		return out, nil, err
	}
	kind := postgres.OAuthRefresh
	if in.Code != "" {
		kind = postgres.OAuthCode
	}
	if t.Kind != kind || grant.ClientID != in.ClientID {
		return out, oauth.ErrGrant, nil
	}
	if isReused(t, now) {
		return out, oauth.ErrGrant, postgres.EndOAuthFamily(ctx, tx, t.Family)
	}
	if !t.ExpiresAt.After(now) || t.Resource != s.oauth().Resource() {
		return out, oauth.ErrGrant, nil
	}
	scopes, refusal := in.Narrow(t.Scopes)
	if refusal == nil && kind == postgres.OAuthCode {
		refusal = in.CheckCode(t.Challenge, t.RedirectURI)
	}
	if refusal != nil {
		return out, refusal, nil
	}
	out = oauth.NewTokenAnswer(scopes)
	if err := postgres.SpendOAuthToken(ctx, tx, t.Hash, now); err != nil {
		return out, nil, err
	}
	access := postgres.OAuthToken{
		Hash: account.Hash(out.Access), Kind: postgres.OAuthAccess, GrantID: grant.ID, Family: t.Family, Scopes: scopes, Resource: t.Resource,
		CreatedAt: now, ExpiresAt: now.Add(oauth.AccessLifetime),
	}
	refresh := access
	refresh.Hash, refresh.Kind, refresh.Scopes, refresh.ExpiresAt = account.Hash(out.Refresh), postgres.OAuthRefresh, t.Scopes, now.Add(oauth.RefreshLifetime)
	if err := postgres.InsertOAuthToken(ctx, tx, access); err != nil {
		return out, nil, err
	}
	return out, nil, postgres.InsertOAuthToken(ctx, tx, refresh)
}

// lockToken returns a token and its grant, and locks all tokens of the grant until the transaction
// ends. It returns code not_found if there is no such token.
func lockToken(ctx context.Context, tx pgx.Tx, secret string) (t postgres.OAuthToken, grant postgres.OAuthGrant, err error) {
	if t, err = postgres.OAuthTokenByHash(ctx, tx, account.Hash(secret)); err != nil {
		return t, grant, err
	}
	if grant, err = postgres.LockOAuthGrant(ctx, tx, t.GrantID); err != nil {
		return t, grant, err
	}
	// Another request may have spent or ended it before the lock.
	t, err = postgres.OAuthTokenByHash(ctx, tx, t.Hash)
	return t, grant, err
}

// isReused reports whether a second party seems to have a code or refresh token.
func isReused(t postgres.OAuthToken, now time.Time) bool {
	return t.SpentAt != nil && (t.Kind == postgres.OAuthCode || now.After(t.SpentAt.Add(oauth.RefreshGrace)))
}

// revokeToken ends a token (RFC 7009). The end of a refresh token ends the login with its access
// tokens. An unknown token has ended already.
func (s *service) revokeToken(w http.ResponseWriter, r *http.Request) error {
	form, err := readOAuthForm(w, r)
	if err != nil {
		return err
	}
	in, err := oauth.ParseRevocation(r, form)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	err = s.db.InTx(ctx, func(tx pgx.Tx) error {
		t, grant, err := lockToken(ctx, tx, in.Token)
		switch {
		case err != nil:
			return err
		case in.ClientID != "" && in.ClientID != grant.ClientID:
			return oauth.ErrGrant
		case t.Kind == postgres.OAuthAccess:
			return postgres.DeleteOAuthToken(ctx, tx, t.Hash)
		}
		return postgres.EndOAuthFamily(ctx, tx, t.Family)
	})
	if err != nil && task.ErrorCode(err) != task.CodeNotFound {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
