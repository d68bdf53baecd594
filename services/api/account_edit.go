package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

func (s *service) getMe(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "include")
	counted := q.oneOf("include", "", "open_tasks") != ""
	if err := q.err(); err != nil {
		return err
	}
	var out apiv1.Me
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		out = apiv1.Me{EndedChannels: []apiv1.EndedChannel{}}
		u, err := postgres.UserByID(ctx, tx, c.UserID)
		if err != nil {
			return err
		}
		out.User, out.QuotaBytes = newUser(u), int64(s.quota().Of(u))
		if out.StoredBytes, err = postgres.Usage(ctx, tx, c.UserID); err != nil {
			return err
		}
		if err := addAddress(ctx, tx, c.UserID, s.now(), &out); err != nil {
			return err
		}
		ended, err := postgres.EndedChannels(ctx, tx, c.UserID)
		for _, channel := range ended {
			out.EndedChannels = append(out.EndedChannels, apiv1.EndedChannel(channel.Ended()))
		}
		if err == nil && counted {
			out.OpenTasks, err = s.countOpenTasks(ctx, tx, u)
		}
		return err
	})
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

func (s *service) countOpenTasks(ctx context.Context, tx pgx.Tx, u postgres.User) (*apiv1.OpenTasks, error) {
	zone, err := task.LoadZone(u.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("count open tasks: %w", err)
	}
	c, err := postgres.CountOpenTasks(ctx, tx, u.ID, s.now(), zone)
	if err != nil {
		return nil, err
	}
	out := &apiv1.OpenTasks{
		All: c.All, Overdue: c.Overdue, Today: c.Today, Upcoming: c.Upcoming,
		Priorities: apiv1.PriorityCounts{High: c.High, Medium: c.Medium, Low: c.Low, None: c.None},
		Tags:       make([]apiv1.TagCount, len(c.Tags)), MoreTags: c.MoreTags, NextDueAt: c.NextDue,
	}
	for i, tag := range c.Tags {
		out.Tags[i] = apiv1.TagCount(tag)
	}
	return out, nil
}

// patchMe changes the time zone, the first day of the week, the language, the default reminders and the password.
func (s *service) patchMe(w http.ResponseWriter, r *http.Request, c caller) (err error) {
	var in apiv1.AccountPatch
	defer func() {
		if in.Password != nil {
			s.logSecurity(r, eventPassword, c.UserID, err, credentialKind(c), slog.Bool("tokens_revoked", in.RevokeTokens))
		}
	}()
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	if in.DefaultReminders != nil {
		if err := in.DefaultReminders.Validate(); err != nil {
			return err
		}
	}
	lock := func(ctx context.Context, tx pgx.Tx) (postgres.User, error) {
		return postgres.LockUser(ctx, tx, c.UserID)
	}
	if in.RevokeTokens && in.Password == nil {
		return task.Invalid("revoke_tokens", "requires password")
	}
	if in.Password != nil {
		if lock, err = s.newPassword(r, c, in); err != nil {
			return err
		}
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lock(ctx, tx)
		if err != nil {
			return answer{}, err
		}
		before := u
		if in.TimeZone != nil {
			u.TimeZone = *in.TimeZone
		}
		if in.DefaultReminders != nil {
			u.ChosenReminders = in.DefaultReminders
		}
		if in.WeekStart != nil {
			u.WeekStart = *in.WeekStart
		}
		if in.Language != nil {
			u.Language = *in.Language
		}
		if in.LineSigns != nil {
			u.LineSigns = *in.LineSigns
		}
		return answer{Status: http.StatusOK, Body: newUser(u)}, storeUser(ctx, tx, before, u, s.instant())
	})
}

// newPassword checks the current password and hashes the new one. Both are slow, so they happen
// outside the transaction. The returned function locks the user, sets the hash, ends the other
// sessions and forgets the other devices.
func (s *service) newPassword(r *http.Request, c caller, in apiv1.AccountPatch) (func(context.Context, pgx.Tx) (postgres.User, error), error) {
	if in.CurrentPassword == nil {
		return nil, task.Invalid("current_password", "is required to change the password")
	}
	ctx := r.Context()
	checked, err := s.user(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := checkPassword("password", *in.Password, checked.Email); err != nil {
		return nil, err
	}
	leave, err := s.hasher.first.admit()
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := s.confirm(ctx, checked, "current_password", *in.CurrentPassword); err != nil {
		return nil, err
	}
	hash, err := s.hasher.first.hash(ctx, *in.Password)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx pgx.Tx) (postgres.User, error) {
		u, err := lockUnchanged(ctx, tx, checked, postgres.LockUser)
		u.PasswordHash = hash
		if err != nil {
			return u, err
		}
		if err := postgres.DeleteOtherDevices(ctx, tx, u.ID, account.DeviceHash(r)); err != nil {
			return u, err
		}
		if err := s.deliveries.Notify(ctx, tx, u, delivery.NoticePassword, "", s.instant()); err != nil {
			return u, err
		}
		if in.RevokeTokens {
			if err := postgres.DeleteAllTokens(ctx, tx, u.ID); err != nil {
				return u, err
			}
		}
		return u, postgres.DeleteOtherSessions(ctx, tx, u.ID, c.SessionHash())
	}, nil
}

// deleteMe deletes the account and all its data. It sends no task.deleted, because nobody is left to
// read it, and waiting events are deleted too. A job that fires later finds no reminder. A large
// account is closed at once, and the retention removes its rows.
func (s *service) deleteMe(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.AccountDeletion
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	leave, err := s.hasher.first.admit()
	if err != nil {
		return err
	}
	defer leave()
	u, err := s.user(r.Context(), c)
	if err != nil {
		return err
	}
	if err := s.confirm(r.Context(), u, "password", in.Password); err != nil {
		return err
	}
	err = s.commit(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := lockUnchanged(ctx, tx, u, postgres.LockUserToDelete); err != nil {
			return answer{}, err
		}
		_, err := deleteLocked(ctx, tx, u.ID, s.instant())
		return answer{Status: http.StatusNoContent, Header: map[string]string{"Set-Cookie": s.cookie("", -1).String()}}, err
	})
	s.retainSoon() // in case the account was large
	return err
}

func (s *service) user(ctx context.Context, c caller) (u postgres.User, err error) {
	err = s.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
		u, err = postgres.UserByID(ctx, tx, c.UserID)
		return err
	})
	return u, err
}

// confirm checks the password of a logged-in user, within a rate limit like that of logins. With a
// stolen session, the password must not be easier to guess. The caller has called first.admit. confirm returns
// code invalid for the given field when the password is wrong.
func (s *service) confirm(ctx context.Context, u postgres.User, field, password string) error {
	if err := s.access.logins.allowConfirmation(u.ID, s.now()); err != nil {
		return err
	}
	ok, err := s.hasher.first.verify(ctx, password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return task.Invalid(field, "is not the account's password")
	}
	return nil
}

// lockUnchanged locks a user whose password was checked outside the transaction. It returns code
// unauthorized when the password has changed or the account was deleted since.
func lockUnchanged(ctx context.Context, tx pgx.Tx, checked postgres.User,
	lock func(context.Context, pgx.Tx, uuid.UUID) (postgres.User, error)) (postgres.User, error) {
	u, err := lock(ctx, tx, checked.ID)
	if task.ErrorCode(err) == task.CodeNotFound || (err == nil && u.PasswordHash != checked.PasswordHash) {
		return postgres.User{}, errWrongLogin
	}
	return u, err
}
