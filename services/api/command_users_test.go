package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/delivery"
)

// users runs a command of api users on the database of the test, and returns its output.
func (ta *testAPI) users(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	u := &users{db: ta.db, out: &out, now: ta.instant(), publicURL: "https://tasks.example.com", hasher: ta.hasher, mails: ta.deliveries}
	err := u.run(t.Context(), args[0], args[1:])
	return strings.TrimSpace(out.String()), err
}

// wantUsers runs a command that has to succeed.
func (ta *testAPI) wantUsers(t *testing.T, args ...string) string {
	t.Helper()
	out, err := ta.users(t, args...)
	if err != nil {
		t.Fatalf("users %q: %v", args, err)
	}
	return out
}

// tokenOf returns the token of a printed link with a path.
func tokenOf(t *testing.T, link, path string) string {
	t.Helper()
	token, ok := strings.CutPrefix(link, "https://tasks.example.com"+path)
	if !ok || len(token) < 40 {
		t.Fatalf("got %q, want a link to %s", link, path)
	}
	return token
}

func signup(email, invite string) object {
	return object{"email": email, "password": testPassword, "invite": invite}
}

// TestSignupModes shows who may make an account in each mode. Invitations work once.
func TestSignupModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]struct{ stranger, invited int }{
		"open": {201, 201}, "confirm": {403, 201}, "invite": {403, 201}, "closed": {403, 403},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t, func(c *config) { c.Signup = mode })
			if got := a.send(t, "GET", "/api/v1/signup", nil).want(t, 200); !strings.Contains(string(got.Body), mode) {
				t.Errorf("got %s, want %s", got.Body, mode)
			}
			a.send(t, "POST", "/api/v1/signup", object{"email": "stranger@example.com", "password": testPassword}).want(t, want.stranger)
			anybody := tokenOf(t, a.wantUsers(t, "invite"), "/enter?invite=")
			a.send(t, "POST", "/api/v1/signup", signup("ada@example.com", anybody)).want(t, want.invited)
			if want.invited == 201 {
				a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", anybody)).wantProblem(t, 404, "not_found")
				one := tokenOf(t, a.wantUsers(t, "invite", "Bob@example.com"), "/enter?invite=")
				a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", one)).wantProblem(t, 422, "invalid")
				a.advance(inviteLife)
				a.send(t, "POST", "/api/v1/signup", signup("bob@example.com", one)).wantProblem(t, 404, "not_found")
			}
			a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", account.NewSession())).wantProblem(t, 404, "not_found")
			if n := a.count(t, `SELECT count(*) FROM users WHERE admin`); n != 0 {
				t.Error("a sign-up made an administrator")
			}
		})
	}
}

// TestSetupLink makes the administrator by the link of the configuration, in every mode and once.
func TestSetupLink(t *testing.T) {
	t.Parallel()
	const token = "of the secret of the installation"
	for _, mode := range []string{"open", "invite", "closed"} {
		a := newTestAPI(t, func(c *config) { c.Signup, c.SetupToken = mode, token })
		r := a.send(t, "POST", "/api/v1/signup", signup("ada@example.com", token)).want(t, 201)
		if !strings.Contains(string(r.Body), `"admin":true`) {
			t.Errorf("%s: got %s, want an administrator", mode, r.Body)
		}
		a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", token)).wantProblem(t, 404, "not_found")
		// Also after the administrator is gone, and after a year.
		a.wantUsers(t, "delete", "-yes", "ada@example.com")
		a.advance(365 * 24 * time.Hour)
		if _, err := purgeOnce(t.Context(), a.db, a.now()); err != nil {
			t.Fatal(err)
		}
		a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", token)).wantProblem(t, 404, "not_found")
	}
	// An administrator who was made by the command ends the link.
	a := newTestAPI(t, func(c *config) { c.SetupToken = token })
	p := a.newPerson(t)
	if got := a.wantUsers(t, "admin", p.Email); got != p.Email+" is an administrator" || !p.me(t).Admin {
		t.Errorf("got %q and %+v, want an administrator", got, p.me(t))
	}
	a.send(t, "POST", "/api/v1/signup", signup("eve@example.com", token)).wantProblem(t, 404, "not_found")
	other := tokenOf(t, a.wantUsers(t, "invite", "-admin"), "/enter?invite=")
	a.send(t, "POST", "/api/v1/signup", signup("bob@example.com", other)).want(t, 201)
	a.wantUsers(t, "admin", "-remove", p.Email)
	if p.me(t).Admin {
		t.Error("the account is still an administrator's")
	}
}

// TestDisabledAccount disables an account: its password, sessions and tokens are refused.
func TestDisabledAccount(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	token := p.newToken(t, "tasks:read")
	login := object{"email": p.Email, "password": testPassword}
	a.wantUsers(t, "disable", strings.ToUpper(p.Email))
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).wantProblem(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/login", login).wantProblem(t, 403, "forbidden")
	a.send(t, "POST", "/api/v1/login", object{"email": p.Email, "password": "wrong"}).wantProblem(t, 401, "unauthorized")
	reset := tokenOf(t, a.wantUsers(t, "reset", p.Email), "/reset?token=")
	a.send(t, "POST", "/api/v1/password/reset", object{"token": reset, "password": "a better horse battery staple"}).wantProblem(t, 404, "not_found")
	a.wantUsers(t, "enable", p.Email)
	p.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).want(t, 200)
	a.send(t, "POST", "/api/v1/login", login).want(t, 200)
}

// TestResetByAnOperator sets a new password without e-mail. It confirms no address.
func TestResetByAnOperator(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	first := tokenOf(t, a.wantUsers(t, "reset", p.Email), "/reset?token=")
	token := tokenOf(t, a.wantUsers(t, "reset", p.Email), "/reset?token=")
	reset := func(token string) reply {
		t.Helper()
		return a.send(t, "POST", "/api/v1/password/reset", object{"token": token, "password": "a better horse battery staple"})
	}
	reset(first).wantProblem(t, 404, "not_found")
	reset(token).want(t, 204)
	reset(token).wantProblem(t, 404, "not_found")
	a.send(t, "POST", "/api/v1/login", object{"email": p.Email, "password": "a better horse battery staple"}).want(t, 200)
	if n := a.count(t, `SELECT count(*) FROM users WHERE confirmed_at IS NOT NULL`); n != 0 {
		t.Error("the link of an operator confirmed the address")
	}
	late := tokenOf(t, a.wantUsers(t, "reset", p.Email), "/reset?token=")
	a.advance(delivery.LinkLife)
	reset(late).wantProblem(t, 404, "not_found")
}

// TestUsersCommands shows the effect of the other commands.
func TestUsersCommands(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.QuotaBytes = 1 << 20 })
	p, other := a.newPerson(t), a.newPerson(t)
	a.wantUsers(t, "confirm", p.Email)
	if !p.me(t).EmailConfirmed {
		t.Error("confirm: the address is not confirmed")
	}
	a.wantUsers(t, "quota", p.Email, "1000")
	if got := p.me(t).QuotaBytes; got != 1000 {
		t.Errorf("quota: got %d bytes, want 1000", got)
	}
	p.send(t, "POST", "/api/v1/tasks", object{"title": "too much"}).wantProblem(t, 507, "quota_exceeded")
	other.newTask(t, object{"title": "has room"})
	list := a.wantUsers(t, "list")
	if lines := strings.Split(list, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], p.Email) || !strings.Contains(lines[1], "\t1000\tconfirmed") {
		t.Errorf("list: got\n%s", list)
	}
	a.wantUsers(t, "quota", p.Email, "default")
	p.newTask(t, object{"title": "has room"})

	a.wantUsers(t, "address", p.Email, "New@example.com")
	if got := p.me(t); got.Email != "new@example.com" || got.EmailConfirmed {
		t.Errorf("address: got %+v, want the new address, not confirmed", got)
	}
	if got := a.notices(t); !slices.Contains(got, "address "+p.Email+" new@example.com") {
		t.Errorf("address: got notices %q, want one to the old address", got)
	}
	a.wantUsers(t, "delete", "-yes", "new@example.com")
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	other.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"delete", other.Email}, "-yes"},
		{[]string{"confirm", "nobody@example.com"}, "no account has the address nobody@example.com"},
		{[]string{"reset", "nobody@example.com"}, "no account has the address nobody@example.com"},
		{[]string{"reset"}, "0 arguments"},
		{[]string{"quota", other.Email, "much"}, `"much" is not a number`},
		{[]string{"invite", "nobody"}, "is not an e-mail address"},
		{[]string{"promote"}, "is not a command"},
	} {
		if out, err := a.users(t, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) || out != "" {
			t.Errorf("users %q: got %q and error %v, want %q", tt.args, out, err, tt.want)
		}
	}
}

// TestTryAccount makes the account of a smoke test, in a closed installation. It is gone after an hour.
func TestTryAccount(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.Signup = "closed" })
	var made credentials
	if err := json.Unmarshal([]byte(a.wantUsers(t, "try")), &made); err != nil {
		t.Fatal(err)
	}
	login := object{"email": made.Email, "password": made.Password}
	r := a.send(t, "POST", "/api/v1/login", login).want(t, 200)
	p := person{testAPI: a, Email: made.Email, Secret: sessionOf(t, r)}
	p.newTask(t, object{"title": "Smoke test"})
	if p.me(t).Admin || a.count(t, `SELECT count(*) FROM river_job WHERE kind = 'mail'`) != 0 {
		t.Error("the account is an administrator's, or gets e-mail")
	}
	if err := deleteExpired(t.Context(), a.db, a.now()); err != nil {
		t.Fatal(err)
	}
	p.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	a.advance(tryLife)
	if err := a.retainOnce(t.Context(), a.db); err != nil {
		t.Fatal(err)
	}
	a.send(t, "POST", "/api/v1/login", login).wantProblem(t, 401, "unauthorized")
	if n := a.count(t, `SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM tasks) + (SELECT count(*) FROM outbox)`); n != 0 {
		t.Errorf("%d rows are left, want none", n)
	}
}
