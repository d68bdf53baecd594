package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// mails runs a function with the queue, in a transaction with the fixture's user.
func (f *fixture) mails(t *testing.T, do func(tx pgx.Tx, q *delivery.Queue, u postgres.User) error) {
	t.Helper()
	q, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	f.tx(t, func(tx pgx.Tx) error {
		u, err := postgres.LockUser(t.Context(), tx, f.user)
		if err != nil {
			return err
		}
		return do(tx, q, u)
	})
}

// awaitJobs waits until no e-mail about an account is left to be sent.
func (f *fixture) awaitJobs(t *testing.T) {
	t.Helper()
	testkit.WithState(t, patience, func() (bool, string) {
		var n int
		f.tx(t, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'mail' AND state NOT IN ('completed', 'discarded')`).Scan(&n)
		})
		return n == 0, fmt.Sprintf("%d e-mails are not sent", n)
	})
}

// awaitLetters waits until the server has n letters, and returns them.
func (m *mailServer) awaitLetters(t *testing.T, n int) []letter {
	t.Helper()
	testkit.WithState(t, patience, func() (bool, string) {
		return len(m.letters()) == n, fmt.Sprintf("there are %d letters, want %d", len(m.letters()), n)
	})
	return m.letters()
}

// text returns the plain text of a letter.
func (l letter) text(t *testing.T) string {
	t.Helper()
	got, err := mail.ReadMessage(strings.NewReader(l.raw))
	if err != nil {
		t.Fatal(err)
	}
	return partsOf(t, got)["text/plain"]
}

var anyLink = regexp.MustCompile(`https://tasks\.example\.com(/\w+)\?token=(\S+)`)

// link returns the path and the token of the link in a letter.
func (l letter) link(t *testing.T) (path, token string) {
	t.Helper()
	found := anyLink.FindStringSubmatch(l.text(t))
	if found == nil {
		t.Fatalf("the letter has no link:\n%s", l.text(t))
	}
	token, err := url.QueryUnescape(found[2])
	if err != nil {
		t.Fatal(err)
	}
	return found[1], token
}

// linkOf returns the stored link with a token.
func (f *fixture) linkOf(t *testing.T, token string) (l postgres.Link, err error) {
	t.Helper()
	f.tx(t, func(tx pgx.Tx) error {
		l, err = postgres.LinkByHash(t.Context(), tx, account.Hash(token), time.Now())
		if errors.Is(err, postgres.ErrNoLink) {
			return nil
		}
		return err
	})
	return l, err
}

// TestLinkIsMadeWhenItIsSent sends the link of each purpose. Before, the database holds no token, and
// afterwards only its hash. A failed attempt makes another token.
func TestLinkIsMadeWhenItIsSent(t *testing.T) {
	t.Parallel()
	for purpose, want := range map[string]string{
		postgres.LinkConfirm: "/confirm", postgres.LinkReset: "/reset", postgres.LinkLeave: "/confirm", postgres.LinkJoin: "/confirm",
	} {
		t.Run(purpose, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			m := newMailServer(t, func(n int) error {
				if n == 0 {
					return &smtp.SMTPError{Code: 451, Message: "busy"}
				}
				return nil
			})
			f.confirm(t)
			f.mails(t, func(tx pgx.Tx, q *delivery.Queue, u postgres.User) error {
				return q.SendLink(t.Context(), tx, &u.ID, purpose, "to@example.com", time.Now())
			})
			f.start(t, testTiming, m.configure)
			l := m.awaitLetters(t, 1)[0]
			path, token := l.link(t)
			if l.to != "to@example.com" || path != want {
				t.Errorf("got a link to %s for %s, want %s for to@example.com", path, l.to, want)
			}
			stored, err := f.linkOf(t, token)
			if err != nil || stored.Purpose != purpose || *stored.UserID != f.user {
				t.Fatalf("got %+v, %v, want a link of the user", stored, err)
			}
			if life := time.Until(stored.ExpiresAt); life > delivery.LinkLife || life < delivery.LinkLife-patience {
				t.Errorf("the link works for %v, want %v", life, delivery.LinkLife)
			}
			f.awaitJobs(t)
			var clear int
			f.tx(t, func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM links WHERE links::text LIKE '%'||$1||'%')
					+ (SELECT count(*) FROM river_job WHERE river_job::text LIKE '%'||$1||'%')`, token).Scan(&clear)
			})
			if clear != 0 {
				t.Error("the database holds the token in clear")
			}
		})
	}
}

// askForLink asks for a link without naming an account, and waits until the work is done.
func (f *fixture) askForLink(t *testing.T, purpose, address string) {
	t.Helper()
	f.mails(t, func(tx pgx.Tx, q *delivery.Queue, _ postgres.User) error {
		return q.SendLink(t.Context(), tx, nil, purpose, address, time.Now())
	})
	f.awaitJobs(t)
}

// TestResetOfAnUnknownAddress sends nothing to an address without an account, or with a disabled one. A
// reset finds its account when it is sent, and replaces an earlier one.
func TestResetOfAnUnknownAddress(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	ask := func(address string) { t.Helper(); f.askForLink(t, postgres.LinkReset, address) }
	f.start(t, testTiming, m.configure)
	ask("nobody@example.com")
	ask(testEmail.Address)
	ask(testEmail.Address)
	letters := m.awaitLetters(t, 2)
	_, first := letters[0].link(t)
	_, second := letters[1].link(t)
	if _, err := f.linkOf(t, first); !errors.Is(err, postgres.ErrNoLink) {
		t.Errorf("the first link: got error %v, want that the second has ended it", err)
	}
	if l, err := f.linkOf(t, second); err != nil || *l.UserID != f.user {
		t.Errorf("got %+v, %v, want a link of the user", l, err)
	}
	f.exec(t, `UPDATE users SET disabled_at = now()`)
	ask(testEmail.Address)
	if got := len(m.letters()); got != 2 {
		t.Errorf("got %d letters, want none to a disabled account", got)
	}
}

// TestSignupMails sends a link to an address without an account. The owner of an account learns that
// somebody asked, by a few e-mails in an hour. A disabled account gets none.
func TestSignupMails(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	ask := func(address string) { t.Helper(); f.askForLink(t, postgres.LinkSignup, address) }
	f.start(t, testTiming, m.configure)
	ask("nobody@example.com")
	first := m.awaitLetters(t, 1)[0]
	found := regexp.MustCompile(`https://tasks\.example\.com/enter\?invite=(\S+)`).FindStringSubmatch(first.text(t))
	if first.to != "nobody@example.com" || found == nil {
		t.Fatalf("got a letter to %s, want a link for nobody@example.com:\n%s", first.to, first.text(t))
	}
	if l, err := f.linkOf(t, found[1]); err != nil || l.UserID != nil || l.Purpose != postgres.LinkSignup || l.Address != first.to {
		t.Errorf("got %+v, %v, want a link of the address", l, err)
	}
	for range maxSignupsPerHour + 2 {
		ask(testEmail.Address)
	}
	letters := m.letters()[1:]
	if len(letters) < maxSignupsPerHour || len(letters) > maxSignupsPerHour && !newHour() {
		t.Errorf("got %d letters, want %d", len(letters), maxSignupsPerHour)
	}
	for _, l := range letters {
		text := l.text(t)
		if l.to != testEmail.Address || strings.Contains(text, "=") || !strings.Contains(text, "tried to sign up") ||
			!strings.Contains(text, "https://tasks.example.com/enter") || !strings.Contains(text, "https://tasks.example.com/forgot") {
			t.Errorf("got a letter to %s, want the news with two links and no token:\n%s", l.to, text)
		}
	}
	f.exec(t, `UPDATE users SET disabled_at = now()`)
	f.exec(t, `DELETE FROM mail_counts`)
	ask(testEmail.Address)
	if got := len(m.letters()); got != len(letters)+1 {
		t.Errorf("got %d letters, want none to a disabled account", got)
	}
}

// TestLinksPerHour asks for more links than an hour has. Strangers who ask for resets do not use up the
// reminders.
func TestLinksPerHour(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	f.addChannel(t, testEmail)
	for range maxLinksPerHour + 3 {
		f.mails(t, func(tx pgx.Tx, q *delivery.Queue, _ postgres.User) error {
			return q.SendLink(t.Context(), tx, nil, postgres.LinkReset, testEmail.Address, time.Now())
		})
	}
	n := f.start(t, testTiming, m.configure)
	f.awaitJobs(t)
	// The clock may begin an hour during the test.
	if got := len(m.letters()); got < maxLinksPerHour || got == maxLinksPerHour+3 && !newHour() {
		t.Errorf("got %d letters, want %d", got, maxLinksPerHour)
	}
	n.want(t, f.reminder(t, f.user, "x"))
	f.settled(t, f.user, 1, postgres.DeliverySent)
}

// newHour reports whether an hour of the clock has just begun.
func newHour() bool { return time.Since(time.Now().Truncate(time.Hour)) < patience }

// TestRemindersPerHour reaches the limit of e-mails. Further reminders are given up with the reason.
func TestRemindersPerHour(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	f.addChannel(t, testEmail)
	// This hour and the next, in case that the clock begins it during the test.
	full := func(hour time.Time) {
		f.tx(t, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO mail_counts VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, kind) DO UPDATE SET hour = $3`,
				f.user, mailKindReminder, hour.Truncate(time.Hour), maxRemindersPerHour-1)
			return err
		})
	}
	full(time.Now())
	n := f.start(t, testTiming, m.configure)
	n.want(t, f.reminder(t, f.user, "last"))
	f.settled(t, f.user, 1, postgres.DeliverySent)
	n.want(t, f.reminder(t, f.user, "too much"))
	testkit.WithState(t, patience, func() (bool, string) {
		all := f.deliveries(t, f.user)
		got := all[len(all)-1]
		return len(all) == 2 && got.State == postgres.DeliveryGivenUp && strings.HasPrefix(got.Reason, "there were 60 e-mails") || newHour(),
			fmt.Sprintf("got %+v, want it given up", got)
	})
}

// TestUnconfirmedAddressGetsNoReminder sends a reminder to an address that is not confirmed. The person
// gets one request to confirm it, which shows nothing of the task. The delivery keeps the reason.
func TestUnconfirmedAddressGetsNoReminder(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	f.exec(t, `UPDATE users SET confirmed_at = NULL`)
	f.addChannel(t, testEmail)
	n := f.start(t, testTiming, m.configure)
	n.want(t, f.reminder(t, f.user, "BUY NOW"))
	n.want(t, f.reminder(t, f.user, "BUY MORE"))
	for _, d := range f.settled(t, f.user, 2, postgres.DeliveryGivenUp) {
		if !strings.Contains(d.Reason, "not confirmed") {
			t.Errorf("got reason %q", d.Reason)
		}
	}
	letters := m.awaitLetters(t, 1)
	f.awaitJobs(t)
	if path, _ := letters[0].link(t); path != "/confirm" || strings.Contains(letters[0].raw, "BUY") || len(m.letters()) != 1 {
		t.Errorf("got %d letters, want one that asks for a confirmation:\n%s", len(m.letters()), letters[0].raw)
	}
}

// TestNotices sends the notice of each security event to a confirmed address, and to no other.
func TestNotices(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	at := time.Now()
	tell := func(notice, detail string) {
		t.Helper()
		f.mails(t, func(tx pgx.Tx, q *delivery.Queue, u postgres.User) error {
			return q.Notify(t.Context(), tx, u, notice, detail, at)
		})
	}
	tell(delivery.NoticePassword, "") // the address is not confirmed
	f.confirm(t)
	tell(delivery.NoticePassword, "")
	tell(delivery.NoticeDevice, "Firefox on Linux")
	tell(delivery.NoticeToken, "Backup\r\nBcc: victim@example.com")
	tell(delivery.NoticeAddress, "")
	f.start(t, testTiming, m.configure)
	var all strings.Builder
	for _, l := range m.awaitLetters(t, 4) {
		if l.to != testEmail.Address {
			t.Errorf("got a letter to %s", l.to)
		}
		all.WriteString(l.text(t))
	}
	for _, want := range []string{"Your password was changed", "Firefox on Linux", "Backup  Bcc: victim@example.com", "the last e-mail to this one", "https://tasks.example.com/settings/account"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no letter has %q:\n%s", want, &all)
		}
	}
}

// TestNoticesPerHour reaches the limit of notices.
func TestNoticesPerHour(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	for range maxNoticesPerHour + 3 {
		f.mails(t, func(tx pgx.Tx, q *delivery.Queue, u postgres.User) error {
			return q.Notify(t.Context(), tx, u, delivery.NoticePassword, "", time.Now())
		})
	}
	f.start(t, testTiming, m.configure)
	f.awaitJobs(t)
	if got := len(m.letters()); got < maxNoticesPerHour || got == maxNoticesPerHour+3 && !newHour() {
		t.Errorf("got %d letters, want %d", got, maxNoticesPerHour)
	}
}

// TestDeletedAccountGetsNoMail deletes an account whose e-mails are queued.
func TestDeletedAccountGetsNoMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.confirm(t)
	f.mails(t, func(tx pgx.Tx, q *delivery.Queue, u postgres.User) error {
		return errors.Join(q.Notify(t.Context(), tx, u, delivery.NoticePassword, "", time.Now()),
			q.SendLink(t.Context(), tx, &u.ID, postgres.LinkConfirm, u.Email, time.Now()), postgres.DeleteUser(t.Context(), tx, u.ID))
	})
	var left int
	f.tx(t, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM river_job WHERE kind = 'mail') + (SELECT count(*) FROM links)`).Scan(&left)
	})
	if left != 0 {
		t.Errorf("%d e-mails and links are left, want none", left)
	}
}

// TestServerSaysWhetherItMails notes in the database whether there is a mail server.
func TestServerSaysWhetherItMails(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	says := func(want bool) {
		t.Helper()
		testkit.WithState(t, patience, func() (bool, string) {
			var got bool
			f.tx(t, func(tx pgx.Tx) (err error) {
				got, err = postgres.Mails(t.Context(), tx)
				return err
			})
			return got == want, fmt.Sprintf("the server says %v", got)
		})
	}
	says(true)
	h := f.start(t, testTiming)
	says(false)
	h.stop()
	f.start(t, testTiming, m.configure)
	says(true)
}
