package main

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

type userPatch struct {
	TimeZone  *string `json:"time_zone" validate:"omitempty,timezone"`
	WeekStart *string `json:"week_start" validate:"omitempty,oneof=monday sunday saturday"`
	// Password is the new one. It ends all other sessions, and needs CurrentPassword.
	Password        *string `json:"password" validate:"omitempty,min=8,max=256"`
	CurrentPassword *string `json:"current_password" validate:"omitempty,max=256"`
}

type userDeletion struct {
	Password string `json:"password" validate:"required,max=256"`
}

// meBody is a user with what every page shows them.
type meBody struct {
	userBody
	// EndedChannels are the channels that the system disabled and that the user has not dismissed.
	EndedChannels []postgres.EndedChannel `json:"ended_channels"`
}

func (a *api) getMe(w http.ResponseWriter, r *http.Request, c caller) error {
	out := meBody{EndedChannels: []postgres.EndedChannel{}}
	err := a.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		u, err := postgres.UserByID(ctx, tx, c.UserID)
		if err != nil {
			return err
		}
		out.userBody = newUserBody(u)
		ended, err := postgres.EndedChannels(ctx, tx, c.UserID)
		for _, channel := range ended {
			out.EndedChannels = append(out.EndedChannels, channel.Ended())
		}
		return err
	})
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

// patchMe changes the time zone, which new tasks take, the first day of the week, and the password.
func (a *api) patchMe(w http.ResponseWriter, r *http.Request, c caller) error {
	var in userPatch
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	lock := func(ctx context.Context, tx pgx.Tx) (postgres.User, error) {
		return postgres.LockUser(ctx, tx, c.UserID)
	}
	if in.Password != nil {
		if lock, err = a.newPassword(r.Context(), c, in); err != nil {
			return err
		}
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lock(ctx, tx)
		if err != nil {
			return answer{}, err
		}
		if in.TimeZone != nil {
			u.TimeZone = *in.TimeZone
		}
		if in.WeekStart != nil {
			u.WeekStart = *in.WeekStart
		}
		return answer{Status: http.StatusOK, Body: newUserBody(u)}, postgres.UpdateUser(ctx, tx, u)
	})
}

// newPassword checks the current password and hashes the new one, neither of which should be done in a transaction. What it
// returns locks the user, who then has the new password, and ends the other sessions.
func (a *api) newPassword(ctx context.Context, c caller, in userPatch) (func(context.Context, pgx.Tx) (postgres.User, error), error) {
	if in.CurrentPassword == nil {
		return nil, task.Invalid("current_password", "is required to change the password")
	}
	leave, err := a.hasher.admit()
	if err != nil {
		return nil, err
	}
	defer leave()
	checked, err := a.user(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := a.confirm(ctx, checked, "current_password", *in.CurrentPassword); err != nil {
		return nil, err
	}
	hash, err := a.hasher.hash(ctx, *in.Password)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx pgx.Tx) (postgres.User, error) {
		u, err := lockUnchanged(ctx, tx, checked, postgres.LockUser)
		u.PasswordHash = hash
		if err != nil {
			return u, err
		}
		return u, postgres.DeleteOtherSessions(ctx, tx, u.ID, c.SessionHash())
	}, nil
}

// deleteMe removes the account and everything in it at once. No task.deleted is sent for its tasks: nobody is left who
// could look at them, and events that were waiting go too. A reminder's job that is still to fire finds nothing.
func (a *api) deleteMe(w http.ResponseWriter, r *http.Request, c caller) error {
	var in userDeletion
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	leave, err := a.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	u, err := a.user(r.Context(), c)
	if err != nil {
		return err
	}
	if err := a.confirm(r.Context(), u, "password", in.Password); err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := lockUnchanged(ctx, tx, u, postgres.LockUserToDelete); err != nil {
			return answer{}, err
		}
		forget := map[string]string{"Set-Cookie": a.cookie("", -1).String()}
		return answer{Status: http.StatusNoContent, Header: forget}, postgres.DeleteUser(ctx, tx, u.ID)
	})
}

func (a *api) user(ctx context.Context, c caller) (u postgres.User, err error) {
	err = a.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
		u, err = postgres.UserByID(ctx, tx, c.UserID)
		return err
	})
	return u, err
}

// confirm checks that whoever is logged in knows the password too, within the rate of logins: with a stolen session it
// must not be easier to guess. The hasher has admitted the caller. Code invalid, of the given field, when it is wrong.
func (a *api) confirm(ctx context.Context, u postgres.User, field, password string) error {
	if err := a.gate.logins.Allow("email "+u.Email, a.now()); err != nil {
		return err
	}
	ok, err := a.hasher.verify(ctx, password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return task.Invalid(field, "is not the account's password")
	}
	return nil
}

// lockUnchanged locks a user whose password has been checked outside the transaction. Code unauthorized when the password has
// changed or the account has gone since.
func lockUnchanged(ctx context.Context, tx pgx.Tx, checked postgres.User,
	lock func(context.Context, pgx.Tx, uuid.UUID) (postgres.User, error)) (postgres.User, error) {
	u, err := lock(ctx, tx, checked.ID)
	if task.ErrorCode(err) == task.CodeNotFound || (err == nil && u.PasswordHash != checked.PasswordHash) {
		return postgres.User{}, errWrongLogin
	}
	return u, err
}
