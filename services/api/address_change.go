package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// addressChangeLife is how long both addresses have to agree to a change. It leaves time for both
// e-mails.
const addressChangeLife = delivery.LinkWait + delivery.LinkLife

// addAddress adds the state of the e-mail address to an account that is shown.
func addAddress(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time, out *apiv1.Me) error {
	mailed, err := postgres.MailedOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	change, _, err := postgres.AddressChangeOf(ctx, tx, userID, now)
	if err != nil {
		return err
	}
	out.EmailChannel, out.PendingEmail = mailed.HasChannel, change.Address
	out.Mails, err = postgres.Mails(ctx, tx)
	return err
}

// askConfirmation sends an e-mail with a link that confirms the account's address. It does nothing if
// the address is confirmed.
func (s *service) askConfirmation(w http.ResponseWriter, r *http.Request, c caller) error {
	body, err := s.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := postgres.LockUser(ctx, tx, c.UserID)
		if err != nil || u.ConfirmedAt != nil {
			return answer{Status: http.StatusAccepted}, err
		}
		return answer{Status: http.StatusAccepted}, s.deliveries.SendLink(ctx, tx, &u.ID, postgres.LinkConfirm, u.Email, s.instant())
	})
}

// changeAddress sends a link to the new address and one to the old address. The address changes when
// both were used. An old address that was never confirmed is not asked: it may be mistyped. The answer
// does not tell whether the new address has an account.
func (s *service) changeAddress(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.AddressInput
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	address, refused := account.NormalizeEmail(in.Email)
	if refused != "" {
		return task.Invalid("email", refused)
	}
	in.Email = address
	if err := server.Validate(in); err != nil {
		return err
	}
	leave, err := s.hasher.first.admit()
	if err != nil {
		return err
	}
	defer leave()
	checked, err := s.user(r.Context(), c)
	if err != nil {
		return err
	}
	if err := s.confirm(r.Context(), checked, "password", in.Password); err != nil {
		return err
	}
	if address == checked.Email {
		return task.Invalid("email", "is the account's address already")
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lockUnchanged(ctx, tx, checked, postgres.LockUser)
		if err != nil {
			return answer{}, err
		}
		now := s.instant()
		change := postgres.AddressChange{UserID: u.ID, Address: address, OldAgreed: u.ConfirmedAt == nil, ExpiresAt: now.Add(addressChangeLife)}
		if err := postgres.DeleteAddressChange(ctx, tx, u.ID); err != nil {
			return answer{}, err
		}
		if err := postgres.KeepAddressChange(ctx, tx, change); err != nil {
			return answer{}, err
		}
		if !change.OldAgreed {
			if err := s.deliveries.SendLink(ctx, tx, &u.ID, postgres.LinkLeave, u.Email, now); err != nil {
				return answer{}, err
			}
		}
		return answer{Status: http.StatusAccepted}, s.deliveries.SendLink(ctx, tx, &u.ID, postgres.LinkJoin, address, now)
	})
}

// keepAddress withdraws a change of the address.
func (s *service) keepAddress(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := postgres.LockUser(ctx, tx, c.UserID); err != nil {
			return answer{}, err
		}
		return answer{Status: http.StatusNoContent}, postgres.DeleteAddressChange(ctx, tx, c.UserID)
	})
}

// useLink confirms an address or agrees to a change of the address.
func (s *service) useLink(w http.ResponseWriter, r *http.Request) error {
	var in apiv1.UsedLink
	if err := s.readLink(w, r, &in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	var out apiv1.LinkResult
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		l, u, err := s.takeLink(ctx, tx, in.Token, postgres.LinkConfirm, postgres.LinkLeave, postgres.LinkJoin)
		if err != nil {
			return err
		}
		out = apiv1.LinkResult{Purpose: l.Purpose, Email: u.Email}
		if l.Purpose != postgres.LinkConfirm {
			return s.agree(ctx, tx, u, l.Purpose, &out)
		}
		if l.Address != u.Email {
			return postgres.ErrNoLink // the account has another address now
		}
		return postgres.ConfirmAddress(ctx, tx, u.ID, s.instant())
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	return server.Encode(w, http.StatusOK, out)
}

// agree notes that one of the addresses has agreed to a change, and changes the address after the other
// one.
func (s *service) agree(ctx context.Context, tx pgx.Tx, u postgres.User, purpose string, out *apiv1.LinkResult) error {
	now := s.instant()
	change, found, err := postgres.AddressChangeOf(ctx, tx, u.ID, now)
	if err != nil {
		return err
	}
	if !found {
		return postgres.ErrNoLink
	}
	if purpose == postgres.LinkLeave {
		change.OldAgreed = true
	} else {
		change.NewAgreed = true
	}
	if !change.OldAgreed || !change.NewAgreed {
		out.Waits = true
		return postgres.KeepAddressChange(ctx, tx, change)
	}
	out.Email = change.Address
	if err := postgres.DeleteAddressChange(ctx, tx, u.ID); err != nil {
		return err
	}
	if err := postgres.SetAddress(ctx, tx, u.ID, change.Address, &now); err != nil {
		return err
	}
	return s.deliveries.Notify(ctx, tx, u, delivery.NoticeAddress, change.Address, now)
}

// readLink reads a body with a token, within the rate limit of the sender's address.
func (s *service) readLink(w http.ResponseWriter, r *http.Request, body any) error {
	if err := s.access.links.Allow("address "+s.clientAddr(r), s.now()); err != nil {
		return err
	}
	if _, err := s.decode(w, r, body); err != nil {
		return err
	}
	return server.Validate(body)
}

// takeLink uses the link with a token and locks its account. It returns ErrNoLink if the link has
// another purpose, or if its account is gone or disabled.
func (s *service) takeLink(ctx context.Context, tx pgx.Tx, token string, purposes ...string) (postgres.Link, postgres.User, error) {
	l, err := s.findLink(ctx, tx, token, purposes...)
	if err != nil {
		return l, postgres.User{}, err
	}
	u, err := postgres.LockUser(ctx, tx, *l.UserID)
	if task.ErrorCode(err) == task.CodeNotFound || err == nil && u.DisabledAt != nil {
		return l, u, postgres.ErrNoLink
	}
	if err != nil {
		return l, u, err
	}
	return l, u, postgres.UseLink(ctx, tx, l, s.instant())
}

// findLink returns the link of an account with a token, if it can still be used.
func (s *service) findLink(ctx context.Context, tx pgx.Tx, token string, purposes ...string) (postgres.Link, error) {
	l, err := postgres.LinkByHash(ctx, tx, account.Hash(token), s.instant())
	if err != nil {
		return l, err
	}
	for _, purpose := range purposes {
		if l.Purpose == purpose && l.UserID != nil {
			return l, nil
		}
	}
	return l, postgres.ErrNoLink
}
