package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
)

// login logs the person in again and returns it with the new session.
func (p person) login(t *testing.T, options ...func(*http.Request)) person {
	t.Helper()
	r := p.testAPI.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}, options...).want(t, 200)
	p.Secret = sessionOf(t, r)
	return p
}

func (p person) sessions(t *testing.T) []apiv1.Session {
	t.Helper()
	return decoded[apiv1.Page[apiv1.Session]](t, p.send(t, "GET", "/api/v1/sessions", nil).want(t, 200)).Items
}

func TestSessionsAreListed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	a.newPerson(t)
	a.advance(time.Minute)
	phone := p.login(t, header("User-Agent", "Phone/1.0 "+strings.Repeat("é", 200)))

	got := phone.sessions(t)
	if len(got) != 2 || !got[0].Current || got[1].Current {
		t.Fatalf("got %+v, want two, the phone's first and current", got)
	}
	if ua := got[0].UserAgent; !strings.HasPrefix(ua, "Phone/1.0 é") || len(ua) > maxUserAgent || strings.ToValidUTF8(ua, "") != ua {
		t.Errorf("got user agent %q", ua)
	}
	want := apiv1.Session{ID: got[1].ID, CreatedAt: testStart, LastUsedAt: testStart, ExpiresAt: testStart.Add(sessionIdle)}
	if got[1] != want {
		t.Errorf("got %+v, want %+v", got[1], want)
	}

	// The time of the last use is not stored with every request.
	a.advance(10 * time.Minute)
	used := *a.clock.Load()
	p.sessions(t)
	a.advance(time.Minute)
	if got := p.sessions(t)[0]; !got.Current || !got.LastUsedAt.Equal(used) {
		t.Errorf("got %+v, want the most recently used session, used at %s", got, used)
	}
	if got := phone.sessions(t); len(got) != 2 {
		t.Errorf("got %d sessions, want 2", len(got))
	}
	a.advance(sessionIdle - 12*time.Minute + 30*time.Second)
	if got := p.login(t).sessions(t); len(got) != 2 {
		t.Errorf("got %+v, want the new session and that of the phone, because the first has expired", got)
	}
}

func TestEndedSessionsAreRefused(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	phone, tablet := p.login(t), p.login(t)
	current := func(p person) string {
		for _, s := range p.sessions(t) {
			if s.Current {
				return "/api/v1/sessions/" + s.ID.String()
			}
		}
		t.Fatal("no session is current")
		return ""
	}

	if r := p.send(t, "DELETE", current(phone), nil).want(t, 204); r.Header.Get("Set-Cookie") != "" {
		t.Error("the end of another session deletes the caller's cookie")
	}
	phone.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	p.send(t, "DELETE", "/api/v1/sessions/0199d2a4-1111-7a3b-8c4d-5e6f70819203", nil).wantProblem(t, 404, "not_found")

	p.send(t, "DELETE", "/api/v1/sessions", nil).want(t, 204)
	tablet.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	r := p.send(t, "DELETE", current(p), nil).want(t, 204)
	if got := r.Header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("got Set-Cookie %q, want the cookie deleted", got)
	}
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")

	// A request with an API token ends all sessions.
	p = p.login(t)
	token := p.newToken(t, scopeAccount)
	a.send(t, "DELETE", "/api/v1/sessions", nil, bearer(token)).want(t, 204)
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
}

// TestSessionInUseGoesOn uses a session. It is extended in the database and in the browser until it
// is 180 days old. An unused session ends.
func TestSessionInUseGoesOn(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	const day = 24 * time.Hour
	left := p.login(t)
	renewed := func(r reply) int {
		t.Helper()
		cookies := (&http.Response{Header: r.Header}).Cookies()
		if len(cookies) == 0 {
			return 0
		}
		if got := cookies[0]; got.Value != p.Secret || !got.HttpOnly || !got.Secure {
			t.Errorf("got cookie %v, want the same session", got)
		}
		return cookies[0].MaxAge
	}
	if got := renewed(p.send(t, "GET", "/api/v1/me", nil).want(t, 200)); got != 0 {
		t.Errorf("right after login: got Max-Age %d, want no cookie", got)
	}
	for a.clock.Load().Before(testStart.Add(150 * day)) {
		a.advance(29 * day)
		if got := renewed(p.send(t, "GET", "/api/v1/me", nil).want(t, 200)); got != int((30*day).Seconds()) && a.clock.Load().Before(testStart.Add(150*day)) {
			t.Errorf("at %s: got Max-Age %d, want 30 days", a.clock.Load(), got)
		}
		if got := renewed(p.send(t, "GET", "/api/v1/me", nil).want(t, 200)); got != 0 {
			t.Errorf("at %s, the next moment: got Max-Age %d, want no cookie", a.clock.Load(), got)
		}
	}
	left.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	a.setTime(testStart.Add(180*day - time.Second))
	p.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	a.setTime(testStart.Add(180 * day))
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
}

// TestPageOfAnotherAccountIsRefused sends requests of a page that was opened before another person
// logged in with the same browser.
func TestPageOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	ada, bob := a.newPerson(t), a.newPerson(t)
	for _, r := range []reply{
		bob.send(t, "GET", "/api/v1/me", nil, header(account.Header, ada.ID.String())),
		bob.send(t, "POST", "/api/v1/tasks", object{"title": "Ada's"}, header(account.Header, ada.ID.String())),
	} {
		r.wantProblem(t, 403, "other_account")
	}
	if n := len(bob.allTasks(t)); n != 0 {
		t.Errorf("Bob has %d tasks, want none", n)
	}
	bob.send(t, "POST", "/api/v1/tasks", object{"title": "Bob's"}, header(account.Header, bob.ID.String())).want(t, 201)
}
