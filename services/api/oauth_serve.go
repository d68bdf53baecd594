package main

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// registrationsPerHour is the number of different clients that an address may register in an hour.
// Hosts register the same client again and again, from addresses that all their users share. The
// limit ignores equal registrations.
const registrationsPerHour = 20

// oauthEndpoint answers the requests of OAuth clients. It refuses in the form of RFC 6749. Without a
// public address there is no OAuth: its documents and tokens name that address.
func (s *service) oauthEndpoint(h server.Handler) http.Handler {
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		if s.cfg.PublicURL == "" {
			return task.Errorf(task.CodeNotFound, "OAuth needs PUBLIC_URL, which is not set")
		}
		w.Header().Set("Cache-Control", "no-store")
		err := h(w, r)
		e, refused := errors.AsType[*oauth.Error](err)
		if !refused {
			return err
		}
		if e.Status() == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="taskmaster"`)
		}
		return server.Encode(w, e.Status(), e)
	})
}

// oauthMetadata answers with a document for clients. It changes only with the configuration.
func (s *service) oauthMetadata(document func(oauth.Server) any) http.Handler {
	return s.oauthEndpoint(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		return server.Encode(w, http.StatusOK, document(s.oauth()))
	})
}

func resourceMetadata(s oauth.Server) any { return s.ResourceMetadata() }
func serverMetadata(s oauth.Server) any   { return s.ServerMetadata() }

func (s *service) oauth() oauth.Server { return oauth.Server{Issuer: s.cfg.PublicURL} }

// registerClient stores a client that registers itself (RFC 7591). Equal clients are one client.
func (s *service) registerClient(w http.ResponseWriter, r *http.Request) error {
	body, err := server.ReadBody(w, r, oauth.MaxRegistration)
	if err != nil {
		return err
	}
	in, err := oauth.ParseRegistration(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	now := s.instant()
	var c postgres.OAuthClient
	err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		c, err = postgres.RenewOAuthClient(ctx, tx, in.Fingerprint(), now)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		if err := s.access.registrations.Allow(server.ClientAddr(r, s.access.proxies), s.now()); err != nil {
			return err
		}
		c = postgres.OAuthClient{ID: uuid.NewString(), Name: in.Name, RedirectURIs: in.RedirectURIs, CreatedAt: now}
		err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
			c, err = postgres.InsertOAuthClient(ctx, tx, c, in.Fingerprint())
			return err
		})
	}
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusCreated, in.Answer(c.ID, c.CreatedAt))
}

// oauthClient returns a client by its id: a registered one, or one whose id is the URL of its document.
// An unknown client is an oauth.UnsafeError.
func (s *service) oauthClient(ctx context.Context, id string) (oauth.Client, error) {
	if oauth.IsDocumentURL(id) {
		return s.documents.Client(ctx, id)
	}
	found, err := s.registeredClient(ctx, id)
	if task.ErrorCode(err) == task.CodeNotFound {
		err = &oauth.UnsafeError{Reason: "the client is not known here: remove it in the assistant, and connect it again"}
	}
	return oauth.Client{ID: found.ID, Name: found.Name, RedirectURIs: found.RedirectURIs}, err
}

// registeredClient returns a client that registered itself. It returns code not_found if there is none.
func (s *service) registeredClient(ctx context.Context, id string) (c postgres.OAuthClient, err error) {
	err = s.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err = postgres.OAuthClientByID(ctx, tx, id)
		return err
	})
	return c, err
}

// maxOAuthForm is the largest form of a client in bytes.
const maxOAuthForm = 16 << 10

// readOAuthForm reads the form of a client.
func readOAuthForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, &oauth.Error{Code: "invalid_request", Description: "the body is not a form (application/x-www-form-urlencoded)"}
	}
	body, err := server.ReadBody(w, r, maxOAuthForm)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &oauth.Error{Code: "invalid_request", Description: "the form cannot be read"}
	}
	return form, nil
}
