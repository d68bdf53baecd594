package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"taskmaster/internal/account"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// The largest numbers of e-mails to an account in an hour of the clock. Each kind has its own, so that
// strangers who ask for resets cannot use up the reminders.
const (
	maxRemindersPerHour = 60
	maxLinksPerHour     = 5
	maxNoticesPerHour   = 20
	// maxSignupsPerHour is small: strangers cause these e-mails.
	maxSignupsPerHour = 2
)

// The kinds of e-mails that are counted.
const (
	mailKindReminder = "reminder"
	mailKindLink     = "link"
	mailKindNotice   = "notice"
	mailKindSignup   = "signup"
)

// noticeLife is how long a notice of a security event waits for the mail server.
const noticeLife = 24 * time.Hour

// mailWorker sends e-mails about the account: links that work once, and notices of security events.
type mailWorker struct {
	river.WorkerDefaults[delivery.Mail]
	worker *worker
}

// draft is an e-mail that is ready to be sent.
type draft struct {
	to   string
	note note
}

// Work sends an e-mail. It makes the token of a link at this moment, and the database keeps only its
// hash. After a failure the next attempt makes another token, and the earlier one ends.
func (mw *mailWorker) Work(ctx context.Context, job *river.Job[delivery.Mail]) error {
	wk := mw.worker
	if wk.mails == nil || wk.mails.publicURL == "" {
		// A server without mail is no fault, and the page of the account says it. Every sign-up comes here.
		wk.log.DebugContext(ctx, "e-mail not sent: SMTP_URL or PUBLIC_URL is not set", "user_id", job.Args.UserID)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wk.timing.attempt)
	defer cancel()
	var l *draft
	err := wk.inTx(ctx, func(tx pgx.Tx) (err error) {
		l, err = wk.mails.write(ctx, tx, job, wk.now())
		return err
	})
	switch {
	case task.ErrorCode(err) == task.CodeNotFound, task.ErrorCode(err) == task.CodeRateLimited:
		return nil // there is no such account, or the link was used or replaced, or the hour is full
	case err != nil:
		return err
	case l == nil:
		return nil
	}
	failed := wk.mails.send(ctx, l.to, uuid.New(), l.note)
	if failed == nil {
		return nil
	}
	if ctx.Err() == nil || !failed.permanent {
		wk.log.WarnContext(ctx, "e-mail not sent", "user_id", job.Args.UserID, "attempt", job.Attempt, "reason", failed.reason, "cause", failed.cause)
	}
	if failed.permanent {
		return nil
	}
	return failed
}

// NextRetry returns the time of the next attempt.
func (mw *mailWorker) NextRetry(job *river.Job[delivery.Mail]) time.Time {
	wait, ok := mw.worker.timing.next(job.ID, job.Attempt)
	if !ok {
		wait = maxSnooze
	}
	return mw.worker.now().Add(wait)
}

// Timeout returns the limit of one attempt.
func (mw *mailWorker) Timeout(*river.Job[delivery.Mail]) time.Duration {
	return mw.worker.timing.attempt + mw.worker.timing.mark
}

// write returns the e-mail of a job, and nil if there is nothing to send.
func (p *postman) write(ctx context.Context, tx pgx.Tx, job *river.Job[delivery.Mail], now time.Time) (*draft, error) {
	m := job.Args
	if m.LinkID != nil {
		return p.writeLink(ctx, tx, *m.LinkID, job.Attempt, now)
	}
	if m.UserID == nil || now.Sub(m.At) > noticeLife {
		return nil, nil
	}
	u, err := postgres.LockUser(ctx, tx, *m.UserID)
	if err != nil {
		return nil, err
	}
	if err := admitMail(ctx, tx, u.ID, mailKindNotice, maxNoticesPerHour, job.Attempt, now); err != nil {
		return nil, err
	}
	return &draft{m.Address, p.noticeNote(m, u)}, nil
}

// writeLink makes the token of a link and returns its e-mail.
func (p *postman) writeLink(ctx context.Context, tx pgx.Tx, id uuid.UUID, attempt int, now time.Time) (*draft, error) {
	l, err := postgres.LinkByID(ctx, tx, id, now)
	if err != nil {
		return nil, err
	}
	if l.Purpose == postgres.LinkSignup {
		return p.writeSignup(ctx, tx, l, attempt, now)
	}
	u, err := linkOwner(ctx, tx, l)
	if err != nil {
		return nil, err
	}
	if err := admitMail(ctx, tx, u.ID, mailKindLink, maxLinksPerHour, attempt, now); err != nil {
		return nil, err
	}
	token := account.NewSession()
	l.UserID, l.ExpiresAt = &u.ID, now.UTC().Truncate(time.Microsecond).Add(delivery.LinkLife)
	if err := postgres.ArmLink(ctx, tx, l, account.Hash(token)); err != nil {
		return nil, err
	}
	return &draft{l.Address, p.linkNote(l, token)}, nil
}

// writeSignup returns the e-mail to an address that asked for an account: a link, or the news that the
// address has an account.
func (p *postman) writeSignup(ctx context.Context, tx pgx.Tx, l postgres.Link, attempt int, now time.Time) (*draft, error) {
	switch u, err := linkOwner(ctx, tx, l); {
	case err == nil:
		if err := admitMail(ctx, tx, u.ID, mailKindSignup, maxSignupsPerHour, attempt, now); err != nil {
			return nil, err
		}
		return &draft{l.Address, p.knownNote()}, nil
	case task.ErrorCode(err) != task.CodeNotFound:
		return nil, err
	case u.DisabledAt != nil:
		return nil, nil
	}
	token := account.NewSession()
	l.ExpiresAt = now.UTC().Truncate(time.Microsecond).Add(delivery.LinkLife)
	if err := postgres.ArmLink(ctx, tx, l, account.Hash(token)); err != nil {
		return nil, err
	}
	return &draft{l.Address, p.linkNote(l, token)}, nil
}

// linkOwner locks the account of a link. A reset names only an address. It returns code not_found if no
// account can use the link.
func linkOwner(ctx context.Context, tx pgx.Tx, l postgres.Link) (u postgres.User, err error) {
	if l.UserID != nil {
		u, err = postgres.LockUser(ctx, tx, *l.UserID)
	} else if u, err = postgres.UserByEmail(ctx, tx, l.Address); err == nil {
		u, err = postgres.LockUser(ctx, tx, u.ID)
	}
	if err == nil && u.DisabledAt != nil {
		err = postgres.ErrNoUser
	}
	return u, err
}

// admitMail counts an e-mail at its first attempt. It returns code rate_limited if the account had
// enough of its kind in this hour.
func admitMail(ctx context.Context, tx pgx.Tx, userID uuid.UUID, kind string, limit, attempt int, now time.Time) error {
	if attempt > 1 {
		return nil
	}
	ok, err := postgres.CountMail(ctx, tx, userID, kind, limit, now)
	if err == nil && !ok {
		err = task.Errorf(task.CodeRateLimited, "there were %d e-mails of this kind in this hour", limit)
	}
	return err
}

// countMail is admitMail in a transaction of its own. It returns the failure of a delivery.
func (wk *worker) countMail(ctx context.Context, userID uuid.UUID, kind string, limit int) *failure {
	err := wk.inTx(ctx, func(tx pgx.Tx) error { return admitMail(ctx, tx, userID, kind, limit, 1, wk.now()) })
	switch {
	case err == nil:
		return nil
	case task.ErrorCode(err) == task.CodeRateLimited:
		return &failure{reason: fmt.Sprintf("there were %d e-mails to this account in this hour", limit), permanent: true}
	}
	return &failure{reason: "the e-mail could not be counted", cause: err}
}

// announceMails notes in the database whether this server sends e-mail, for the pages of the account.
func (wk *worker) announceMails(ctx context.Context) error {
	return wk.inTx(ctx, func(tx pgx.Tx) error { return postgres.SetMails(ctx, tx, wk.mails != nil) })
}
