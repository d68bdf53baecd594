package main

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
)

// forgetPassword asks notifier to send a link for a new password. It does the same work for every
// address, with an account or without: notifier looks for the account when it sends the e-mail. Neither
// the answer nor its time tells whether an address has an account.
func (s *service) forgetPassword(w http.ResponseWriter, r *http.Request) error {
	var in apiv1.Forgotten
	if err := s.access.links.Allow("address "+s.clientAddr(r), s.now()); err != nil {
		return err
	}
	if err := s.readCredentials(w, r, &in, &in.Email); err != nil {
		return err
	}
	if err := s.access.links.Allow("email "+in.Email, s.now()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		return s.deliveries.SendLink(ctx, tx, nil, postgres.LinkReset, in.Email, s.instant())
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// resetPassword sets a new password by a link, and ends all sessions. The link shows that the address
// belongs to the person. If the address was not confirmed before, somebody else may have made the
// account: its API tokens, connections and channels end too.
func (s *service) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var in apiv1.PasswordReset
	if err := s.readLink(w, r, &in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	// The hash is slow, so a link that does not work ends here.
	var owner postgres.User
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		l, err := s.findLink(ctx, tx, in.Token, postgres.LinkReset)
		if err != nil {
			return err
		}
		owner, err = postgres.UserByID(ctx, tx, *l.UserID)
		return err
	})
	if err != nil {
		return err
	}
	if err := checkPassword("password", in.Password, owner.Email); err != nil {
		return err
	}
	leave, err := s.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(tx pgx.Tx) error {
		l, u, err := s.takeLink(ctx, tx, in.Token, postgres.LinkReset)
		if err != nil {
			return err
		}
		now := s.instant()
		u.PasswordHash = hash
		if err := postgres.UpdateUser(ctx, tx, u); err != nil {
			return err
		}
		if err := postgres.DeleteOtherSessions(ctx, tx, u.ID, nil); err != nil {
			return err
		}
		if err := postgres.DeleteOtherDevices(ctx, tx, u.ID, account.DeviceHash(r)); err != nil {
			return err
		}
		if err := postgres.DeleteAddressChange(ctx, tx, u.ID); err != nil {
			return err
		}
		// The link of an operator names no address, and so it proves none.
		if l.Address == u.Email {
			if u.ConfirmedAt == nil {
				if err := postgres.DeleteCredentials(ctx, tx, u.ID); err != nil {
					return err
				}
			}
			if err := postgres.ConfirmAddress(ctx, tx, u.ID, now); err != nil {
				return err
			}
			u.ConfirmedAt = &now
		}
		return s.deliveries.Notify(ctx, tx, u, delivery.NoticePassword, "", now)
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
