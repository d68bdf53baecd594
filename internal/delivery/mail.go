package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"taskmaster/internal/postgres"
)

// MailQueue is the queue of e-mails about the account. Reminders have queues of their own and cannot
// delay them.
const MailQueue = "mail"

// mailAttempts is how often River works an e-mail about the account.
const mailAttempts = 8

// LinkWait is how long a link waits for its e-mail to be sent. LinkLife is how long it then works.
const (
	LinkWait = time.Hour
	LinkLife = 30 * time.Minute
)

// The notices of security events.
const (
	NoticeDevice   = "device"
	NoticePassword = "password"
	NoticeToken    = "token"
	NoticeAddress  = "address"
)

// Mail is an e-mail about the account: one with a link, or the notice of a security event. It holds no
// secret: notifier makes the token of a link when it sends the e-mail.
type Mail struct {
	// LinkID is the link to send. It is nil for a notice.
	LinkID *uuid.UUID `json:"link_id,omitempty"`
	// Notice names the security event.
	Notice string `json:"notice,omitempty"`
	// UserID is the account. It is nil for a reset, whose address may have none.
	UserID *uuid.UUID `json:"user_id,omitempty"`
	// Address is the confirmed address that a notice goes to.
	Address string `json:"address,omitempty"`
	// Detail names the browser, the token or the new address.
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
}

// Kind returns the name of the job in the queue.
func (Mail) Kind() string { return "mail" }

// SendLink stores a link and queues its e-mail, in the transaction that needs it.
func (q *Queue) SendLink(ctx context.Context, tx pgx.Tx, userID *uuid.UUID, purpose, address string, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	l := postgres.Link{ID: uuid.Must(uuid.NewV7()), UserID: userID, Purpose: purpose, Address: address, CreatedAt: now, ExpiresAt: now.Add(LinkWait)}
	if err := postgres.InsertLink(ctx, tx, l, nil); err != nil {
		return err
	}
	return q.addMail(ctx, tx, Mail{LinkID: &l.ID, UserID: userID, At: now})
}

// AskConfirmation sends the first request to confirm an address that is not confirmed. The system asks
// once by itself. A person may ask for more.
func (q *Queue) AskConfirmation(ctx context.Context, tx pgx.Tx, userID uuid.UUID, address string, now time.Time) error {
	first, err := postgres.MarkAsked(ctx, tx, userID, now)
	if err != nil || !first {
		return err
	}
	return q.SendLink(ctx, tx, &userID, postgres.LinkConfirm, address, now)
}

// Notify tells a person of a security event of the account, in the transaction of the event. It tells
// nobody if the address is not confirmed.
func (q *Queue) Notify(ctx context.Context, tx pgx.Tx, u postgres.User, notice, detail string, now time.Time) error {
	if u.ConfirmedAt == nil {
		return nil
	}
	return q.addMail(ctx, tx, Mail{Notice: notice, UserID: &u.ID, Address: u.Email, Detail: detail, At: now.UTC().Truncate(time.Microsecond)})
}

func (q *Queue) addMail(ctx context.Context, tx pgx.Tx, m Mail) error {
	if _, err := q.client.InsertTx(ctx, tx, m, &river.InsertOpts{Queue: MailQueue, MaxAttempts: mailAttempts}); err != nil {
		return fmt.Errorf("queue e-mail: %w", err)
	}
	return nil
}
