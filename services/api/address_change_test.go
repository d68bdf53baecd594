package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/telemetry"
)

// mailedLink does the work of notifier: it makes the token of the newest link with a purpose. It returns
// the token and the address that the link goes to.
func (ta *testAPI) mailedLink(t *testing.T, purpose string) (token, address string) {
	t.Helper()
	token = account.NewSession()
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) error {
		var id uuid.UUID
		err := tx.QueryRow(t.Context(), `SELECT id FROM links WHERE purpose = $1 AND token_hash IS NULL ORDER BY id DESC LIMIT 1`, purpose).Scan(&id)
		if err != nil {
			return err
		}
		l, err := postgres.LinkByID(t.Context(), tx, id, ta.now())
		if err != nil {
			return err
		}
		if l.UserID == nil && purpose != postgres.LinkSignup {
			u, err := postgres.UserByEmail(t.Context(), tx, l.Address)
			if err != nil {
				return err
			}
			l.UserID = &u.ID
		}
		address, l.ExpiresAt = l.Address, ta.now().Add(delivery.LinkLife)
		return postgres.ArmLink(t.Context(), tx, l, account.Hash(token))
	})
	if err != nil {
		t.Fatal(err)
	}
	return token, address
}

// confirmed confirms the address of a person.
func (p person) confirmed(t *testing.T) person {
	t.Helper()
	p.send(t, "POST", "/api/v1/address/confirmation", nil).want(t, 202)
	token, _ := p.mailedLink(t, postgres.LinkConfirm)
	p.testAPI.send(t, "POST", "/api/v1/links", object{"token": token}).want(t, 200)
	return p
}

// notices returns the notices of security events that wait for notifier, the oldest first.
func (ta *testAPI) notices(t *testing.T) []string {
	t.Helper()
	var got []string
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT concat_ws(' ', args ->> 'notice', args ->> 'address', args ->> 'detail') FROM river_job
			WHERE kind = 'mail' AND args ->> 'notice' IS NOT NULL ORDER BY id`)
		if err != nil {
			return err
		}
		got, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (p person) me(t *testing.T) apiv1.Me {
	t.Helper()
	return decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200))
}

// TestConfirmation confirms an address by the link of the sign-up. A link works once, for half an hour,
// and a newer one ends it.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	use := func(token string) reply {
		t.Helper()
		return p.testAPI.send(t, "POST", "/api/v1/links", object{"token": token})
	}
	if p.me(t).EmailConfirmed {
		t.Error("a new address is confirmed")
	}
	first, address := p.mailedLink(t, postgres.LinkConfirm)
	if address != p.Email {
		t.Errorf("the link goes to %s, want %s", address, p.Email)
	}
	p.send(t, "POST", "/api/v1/address/confirmation", nil).want(t, 202)
	second, _ := p.mailedLink(t, postgres.LinkConfirm)
	use(first).wantProblem(t, 404, "not_found")
	use(account.NewSession()).wantProblem(t, 404, "not_found")
	p.advance(delivery.LinkLife)
	use(second).wantProblem(t, 404, "not_found")

	p.send(t, "POST", "/api/v1/address/confirmation", nil).want(t, 202)
	third, _ := p.mailedLink(t, postgres.LinkConfirm)
	got := decoded[apiv1.LinkResult](t, use(third).want(t, 200))
	if want := (apiv1.LinkResult{Purpose: "confirm", Email: p.Email}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	use(third).wantProblem(t, 404, "not_found")
	if !p.me(t).EmailConfirmed {
		t.Error("the address is not confirmed")
	}
	// A confirmed account gets no further e-mail.
	p.send(t, "POST", "/api/v1/address/confirmation", nil).want(t, 202)
	if n := p.count(t, `SELECT count(*) FROM links WHERE used_at IS NULL`); n != 0 {
		t.Errorf("got %d links, want none", n)
	}
}

// TestEmailChannelAsksForConfirmation adds an e-mail channel to an account with an unconfirmed address.
func TestEmailChannelAsksForConfirmation(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.exec(t, `DELETE FROM links`)
	p.send(t, "POST", "/api/v1/channels", object{"kind": "email", "address": p.Email}).want(t, 201)
	if got := p.me(t); !got.EmailChannel || got.EmailConfirmed {
		t.Errorf("got %+v, want an e-mail channel that waits for the confirmation", got)
	}
	token, _ := p.mailedLink(t, postgres.LinkConfirm)
	p.testAPI.send(t, "POST", "/api/v1/links", object{"token": token}).want(t, 200)
}

// TestPasswordReset sets a new password by a link. All sessions end, and the person is told.
func TestPasswordReset(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t).confirmed(t)
	token := p.newToken(t, "tasks:read")
	reset := func(link, password string) reply {
		t.Helper()
		return p.testAPI.send(t, "POST", "/api/v1/password/reset", object{"token": link, "password": password})
	}
	p.testAPI.send(t, "POST", "/api/v1/password/forgot", object{"email": strings.ToUpper(p.Email)}).want(t, 202)
	link, _ := p.mailedLink(t, postgres.LinkReset)
	reset(link, "short").wantProblem(t, 422, "invalid")
	reset(link, "password1").wantProblem(t, 422, "invalid")
	// A link of another purpose sets no password.
	p.testAPI.send(t, "POST", "/api/v1/links", object{"token": link}).wantProblem(t, 404, "not_found")
	reset(link, "a better horse battery staple").want(t, 204)
	reset(link, "a third horse battery staple").wantProblem(t, 404, "not_found")
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	login := func(password string) reply {
		t.Helper()
		return p.testAPI.send(t, "POST", "/api/v1/login", object{"email": p.Email, "password": password})
	}
	login(testPassword).wantProblem(t, 401, "unauthorized")
	login("a better horse battery staple").want(t, 200)
	p.testAPI.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).want(t, 200)
	if got := p.notices(t); !slices.Contains(got, "password "+p.Email) {
		t.Errorf("got notices %q, want that the password was changed", got)
	}
}

// TestResetOfAnUnconfirmedAccount resets the password of an account that a stranger made with the
// address of another person. Nothing of the stranger stays.
func TestResetOfAnUnconfirmedAccount(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	token := p.newToken(t, "account", "tasks:read")
	p.send(t, "POST", "/api/v1/channels", object{"kind": "webhook", "url": "https://stranger.example/"}).want(t, 201)
	p.testAPI.send(t, "POST", "/api/v1/password/forgot", object{"email": p.Email}).want(t, 202)
	link, _ := p.mailedLink(t, postgres.LinkReset)
	p.testAPI.send(t, "POST", "/api/v1/password/reset", object{"token": link, "password": "a better horse battery staple"}).want(t, 204)
	p.testAPI.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).wantProblem(t, 401, "unauthorized")
	if n := p.count(t, `SELECT count(*) FROM channels`); n != 0 {
		t.Errorf("%d channels are left, want none", n)
	}
	if n := p.count(t, `SELECT count(*) FROM users WHERE confirmed_at IS NOT NULL`); n != 1 {
		t.Error("the reset did not confirm the address")
	}
}

// TestForgottenPasswordsLookTheSame asks for a reset of an address with an account and of one without.
// The answers and the stored rows are the same, so that neither an answer nor its time tells them apart.
func TestForgottenPasswordsLookTheSame(t *testing.T) {
	t.Parallel()
	newTestAPI(t).newPerson(t).wantSameLinks(t, "/api/v1/password/forgot", postgres.LinkReset)
}

// TestSignupLinksLookTheSame asks for an account for an address with an account and for one without. The
// link of the e-mail makes an account whose address is confirmed, and no other one.
func TestSignupLinksLookTheSame(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	const path = "/api/v1/signup/link"
	a.send(t, "POST", path, object{"email": "new@example.com"}).wantProblem(t, 403, "forbidden")
	a.cfg.Signup = signupConfirm
	p.wantSameLinks(t, path, postgres.LinkSignup)
	for range signupLinksPerHour - 1 {
		a.send(t, "POST", path, object{"email": p.Email}).want(t, 202)
	}
	a.send(t, "POST", path, object{"email": p.Email}).wantProblem(t, 429, "rate_limited")

	a.send(t, "POST", path, object{"email": "New@example.com"}).want(t, 202)
	token, _ := a.mailedLink(t, postgres.LinkSignup)
	a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", token)).wantProblem(t, 422, "invalid")
	r := a.send(t, "POST", "/api/v1/signup", signup("new@example.com", token)).want(t, 201)
	if !strings.Contains(string(r.Body), `"email_confirmed":true`) {
		t.Errorf("got %s, want a confirmed address", r.Body)
	}
	a.send(t, "POST", "/api/v1/signup", signup("new@example.com", token)).wantProblem(t, 404, "not_found")

	if err := a.db.InTx(t.Context(), func(tx pgx.Tx) error { return postgres.SetMails(t.Context(), tx, false) }); err != nil {
		t.Fatal(err)
	}
	a.send(t, "POST", path, object{"email": "other@example.com"}).wantProblem(t, 403, "forbidden")
}

// wantSameLinks asks for a link for the person's address and for an unknown one. The answers and the stored
// rows have to be the same.
func (p person) wantSameLinks(t *testing.T, path, purpose string) {
	t.Helper()
	ask := func(address string) (reply, string) {
		t.Helper()
		r := p.testAPI.send(t, "POST", path, object{"email": address}, header(telemetry.RequestIDHeader, "r-1")).want(t, 202)
		var row string
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT concat_ws(' ', l.user_id, l.purpose, l.address, l.expires_at, j.kind, j.queue, (j.args - 'link_id')::text)
				FROM links l JOIN river_job j ON j.args ->> 'link_id' = l.id::text WHERE l.address = $1 AND purpose = $2`, address, purpose).Scan(&row)
		})
		if err != nil {
			t.Fatal(err)
		}
		return r, strings.ReplaceAll(row, address, "ADDRESS")
	}
	known, knownRow := ask(p.Email)
	unknown, unknownRow := ask("nobody@example.com")
	if diff := cmp.Diff(known, unknown); diff != "" {
		t.Errorf("the answers differ (-known +unknown):\n%s", diff)
	}
	if knownRow != unknownRow || !strings.HasPrefix(knownRow, purpose+" ADDRESS ") {
		t.Errorf("got the rows %q and %q, want equal ones", knownRow, unknownRow)
	}
}

// TestChangeOfAddress moves an account to another address. Both agree, in any order.
func TestChangeOfAddress(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"old first": {postgres.LinkLeave, postgres.LinkJoin}, "new first": {postgres.LinkJoin, postgres.LinkLeave},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTestAPI(t).newPerson(t).confirmed(t)
			p.send(t, "POST", "/api/v1/channels", object{"kind": "email", "address": p.Email}).want(t, 201)
			p.send(t, "POST", "/api/v1/address/change", object{"email": "new@example.com", "password": "wrong"}).wantProblem(t, 422, "invalid")
			p.send(t, "POST", "/api/v1/address/change", object{"email": p.Email, "password": testPassword}).wantProblem(t, 422, "invalid")
			p.send(t, "POST", "/api/v1/address/change", object{"email": "New@example.com", "password": testPassword}).want(t, 202)
			links := map[string]string{}
			for _, purpose := range order {
				token, address := p.mailedLink(t, purpose)
				links[purpose] = token
				if want := map[string]string{postgres.LinkLeave: p.Email, postgres.LinkJoin: "new@example.com"}[purpose]; address != want {
					t.Errorf("the link %s goes to %s, want %s", purpose, address, want)
				}
			}
			use := func(purpose string) apiv1.LinkResult {
				t.Helper()
				return decoded[apiv1.LinkResult](t, p.testAPI.send(t, "POST", "/api/v1/links", object{"token": links[purpose]}).want(t, 200))
			}
			if got := use(order[0]); !got.Waits || got.Email != p.Email {
				t.Errorf("after one link: got %+v, want that the change waits", got)
			}
			if got := p.me(t); got.Email != p.Email || got.PendingEmail != "new@example.com" {
				t.Errorf("got %s and %q, want the old address and the new one pending", got.Email, got.PendingEmail)
			}
			if got := use(order[1]); got.Waits || got.Email != "new@example.com" {
				t.Errorf("after both links: got %+v, want the new address", got)
			}
			if got := p.me(t); got.Email != "new@example.com" || got.PendingEmail != "" || !got.EmailConfirmed {
				t.Errorf("got %+v, want the new address, confirmed", got)
			}
			if n := p.count(t, `SELECT count(*) FROM channels WHERE address = 'new@example.com'`); n != 1 {
				t.Error("the e-mail channel has the old address")
			}
			if got := p.notices(t); got[len(got)-1] != "address "+p.Email+" new@example.com" {
				t.Errorf("got notices %q, want one to the old address", got)
			}
		})
	}
}

// TestChangeOfAddressEnds shows which changes do not take place.
func TestChangeOfAddressEnds(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p, other := a.newPerson(t).confirmed(t), a.newPerson(t)
	change := func(address string) (leave, join string) {
		t.Helper()
		p.send(t, "POST", "/api/v1/address/change", object{"email": address, "password": testPassword}).want(t, 202)
		leave, _ = p.mailedLink(t, postgres.LinkLeave)
		join, _ = p.mailedLink(t, postgres.LinkJoin)
		return leave, join
	}
	use := func(token string) reply {
		t.Helper()
		return a.send(t, "POST", "/api/v1/links", object{"token": token})
	}
	// The address of another account: only its owner hears of it.
	leave, join := change(other.Email)
	use(leave).want(t, 200)
	use(join).wantProblem(t, 409, "conflict")
	// A later wish ends the links of an earlier one.
	leave, _ = change("first@example.com")
	_, join = change("second@example.com")
	use(leave).wantProblem(t, 404, "not_found")
	// A withdrawn wish.
	p.send(t, "DELETE", "/api/v1/address/change", nil).want(t, 204)
	use(join).wantProblem(t, 404, "not_found")
	// A wish that took too long.
	_, join = change("third@example.com")
	p.advance(2 * time.Hour)
	use(join).wantProblem(t, 404, "not_found")
	if got := p.me(t); got.Email != p.Email || got.PendingEmail != "" {
		t.Errorf("got %+v, want the old address", got)
	}
	// An address that was never confirmed is not asked.
	other.send(t, "POST", "/api/v1/address/change", object{"email": "right@example.com", "password": testPassword}).want(t, 202)
	join, _ = other.mailedLink(t, postgres.LinkJoin)
	use(join).want(t, 200)
	if got := other.me(t); got.Email != "right@example.com" || !got.EmailConfirmed {
		t.Errorf("got %+v, want the new address", got)
	}
}

// TestSecurityNotices tells a person with a confirmed address of a new password, a token and the first
// login with a browser.
func TestSecurityNotices(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.newPerson(t).newToken(t, "tasks:read") // the address is not confirmed
	p := a.newPerson(t).confirmed(t)
	p.newToken(t, "tasks:read")
	p.send(t, "PATCH", "/api/v1/me", object{"current_password": testPassword, "password": "a better horse battery staple"}).want(t, 200)
	p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Asia/Tokyo"}).want(t, 200)
	login := object{"email": p.Email, "password": "a better horse battery staple"}
	first := a.send(t, "POST", "/api/v1/login", login, header("User-Agent", "Firefox")).want(t, 200)
	known := func(r *http.Request) {
		for _, c := range (&http.Response{Header: first.Header}).Cookies() {
			r.AddCookie(c)
		}
	}
	a.send(t, "POST", "/api/v1/login", login, header("User-Agent", "Firefox"), known).want(t, 200)
	if diff := cmp.Diff([]string{"token " + p.Email + " test", "password " + p.Email, "device " + p.Email + " Firefox"}, a.notices(t)); diff != "" {
		t.Errorf("the notices differ (-want +got):\n%s", diff)
	}
}

// TestLinksArePurged removes links after they have expired.
func TestLinksArePurged(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	purge := func(want int) {
		t.Helper()
		if _, err := purgeOnce(t.Context(), p.db, p.now()); err != nil {
			t.Fatal(err)
		}
		if n := p.count(t, `SELECT count(*) FROM links`); n != want {
			t.Errorf("got %d links, want %d", n, want)
		}
	}
	p.advance(delivery.LinkWait)
	purge(1)
	p.advance(linkRetention + time.Second)
	purge(0)
}
