package main

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// The values of SIGNUP.
const (
	signupOpen    = "open"
	signupConfirm = "confirm"
	signupInvite  = "invite"
	signupClosed  = "closed"
)

// signupMode tells everybody who may make an account, so that the login page shows no useless form.
func (s *service) signupMode(w http.ResponseWriter, _ *http.Request) error {
	mode := s.cfg.Signup
	if mode == "" {
		mode = signupOpen
	}
	w.Header().Set("Cache-Control", "no-store")
	return server.Encode(w, http.StatusOK, apiv1.SignupMode{Mode: mode})
}

// admitSignup returns the invitation of a sign-up, or nil if none was given and none is needed. The
// set-up link works in each mode. The caller uses the invitation in the transaction that makes the
// account.
func (s *service) admitSignup(ctx context.Context, in apiv1.SignUp) (invitation *postgres.Link, err error) {
	if in.Invite == "" {
		switch s.cfg.Signup {
		case signupConfirm:
			return nil, task.Errorf(task.CodeForbidden, "an account begins with a link by e-mail here: POST /api/v1/signup/link asks for it")
		case signupInvite:
			return nil, task.Errorf(task.CodeForbidden, "an account needs an invitation here: ask the operator of this server")
		case signupClosed:
			return nil, task.Errorf(task.CodeForbidden, "no accounts are made here")
		}
		return nil, nil
	}
	if s.cfg.SetupToken != "" && subtle.ConstantTimeCompare([]byte(in.Invite), []byte(s.cfg.SetupToken)) == 1 {
		if err := keepSetupLink(ctx, s); err != nil {
			return nil, err
		}
	}
	var l postgres.Link
	err = s.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
		l, err = postgres.LinkByHash(ctx, tx, account.Hash(in.Invite), s.instant())
		return err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case l.Purpose == postgres.LinkSetup:
	case l.Purpose != postgres.LinkInvite && l.Purpose != postgres.LinkSignup:
		return nil, postgres.ErrNoLink
	case s.cfg.Signup == signupClosed:
		return nil, task.Errorf(task.CodeForbidden, "no accounts are made here")
	case l.Address != "" && l.Address != in.Email:
		return nil, task.Invalid("email", "is not the address of the invitation")
	}
	return &l, nil
}

// signupLinksPerHour bounds the e-mails that strangers can send to an address through one replica.
const signupLinksPerHour = 5

// askSignupLink asks notifier to send an e-mail to an address that wants an account. It does the same work
// for every address: notifier looks for an account when it sends the e-mail. Answer and time do not reveal
// an account.
func (s *service) askSignupLink(w http.ResponseWriter, r *http.Request) error {
	var in apiv1.SignUpLink
	if err := s.access.signups.Allow("address "+s.clientAddr(r), s.now()); err != nil {
		return err
	}
	if err := s.readCredentials(w, r, &in, &in.Email); err != nil {
		return err
	}
	if s.cfg.Signup != signupConfirm {
		return task.Errorf(task.CodeForbidden, "no account begins with a link by e-mail here: GET /api/v1/signup says how one is made")
	}
	if err := s.access.signupLinks.Allow(in.Email, s.now()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		if mails, err := postgres.Mails(ctx, tx); err != nil {
			return err
		} else if !mails {
			return task.Errorf(task.CodeForbidden, "this server sends no e-mail, and so makes no accounts: ask its operator for an invitation")
		}
		return s.deliveries.SendLink(ctx, tx, nil, postgres.LinkSignup, in.Email, s.instant())
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// setupYears is how long the set-up link waits for the first administrator.
const setupYears = 100

// keepSetupLink stores the set-up link of the configuration, unless it is stored. The database keeps it
// after its use, so that it works once.
func keepSetupLink(ctx context.Context, s *service) error {
	now := s.instant()
	l := postgres.Link{ID: uuid.Must(uuid.NewV7()), Purpose: postgres.LinkSetup, CreatedAt: now, ExpiresAt: now.AddDate(setupYears, 0, 0)}
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		found, err := postgres.HasAdmin(ctx, tx)
		if err != nil {
			return err
		}
		if found {
			return postgres.ErrNoLink // nobody needs the link any more
		}
		return postgres.KeepSetupLink(ctx, tx, l, account.Hash(s.cfg.SetupToken))
	})
	if err != nil {
		return fmt.Errorf("keep set-up link: %w", err)
	}
	return nil
}
