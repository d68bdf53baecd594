package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

func TestSignupAndLogin(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)

	up := a.send(t, "POST", "/api/v1/signup", map[string]any{
		"email": "Ada@Example.com", "password": testPassword, "time_zone": "Europe/Berlin", "week_start": "saturday"},
		func(r *http.Request) { r.Header.Set("Accept-Language", "fr-CH, en;q=0.5") }).want(t, 201)
	user := decoded[apiv1.User](t, up)
	want := apiv1.User{ID: user.ID, Email: "ada@example.com", TimeZone: "Europe/Berlin", WeekStart: "saturday", Language: "fr", LineSigns: "own", CreatedAt: testStart, Epoch: user.Epoch, DefaultReminders: task.UsualReminders()}
	if user.Epoch == "" {
		t.Error("the answer names no epoch")
	}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	a.send(t, "POST", "/api/v1/signup", map[string]any{"email": "ADA@example.com", "password": testPassword}).
		wantProblem(t, 409, "conflict")

	in := a.send(t, "POST", "/api/v1/login", map[string]any{"email": "ada@EXAMPLE.com", "password": testPassword}).want(t, 200)
	if diff := cmp.Diff(want, decoded[apiv1.User](t, in)); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	if sessionOf(t, up) == sessionOf(t, in) {
		t.Error("two logins have the same session")
	}
	for _, r := range []reply{up, in} {
		a.send(t, "GET", "/api/v1/me", nil, session(sessionOf(t, r))).want(t, 200)
	}
}

func TestWrongLoginsLookTheSame(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	sameID := header(telemetry.RequestIDHeader, "r-1")
	wrong := a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": "not the password"}, sameID).wantProblem(t, 401, "unauthorized")
	unknown := a.send(t, "POST", "/api/v1/login", map[string]any{"email": "nobody@example.com", "password": testPassword}, sameID).wantProblem(t, 401, "unauthorized")
	if got, want := string(unknown.Body), string(wrong.Body); got != want {
		t.Errorf("got %s for an unknown address, want the same as for a wrong password: %s", got, want)
	}
	if len(wrong.Header["Set-Cookie"])+len(unknown.Header["Set-Cookie"]) != 0 {
		t.Error("a refused login sets a cookie")
	}

	// Both take the same time: the password of an unknown address is checked too, against a hash of
	// the same cost.
	if cost, _, _, err := decodeHash(a.hasher.decoy); cost != a.hasher.cost || err != nil {
		t.Errorf("the decoy has cost %v and error %v, want cost %v", cost, err, a.hasher.cost)
	}
	a.hasher.decoy = "not a hash"
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(`{"email": "nobody@example.com", "password": "12345678"}`))
	if err := a.login(httptest.NewRecorder(), r); task.ErrorCode(err) != task.CodeInternal {
		t.Errorf("got error %v for an unknown address, want that of a broken decoy", err)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{true, false} {
		a := newTestAPI(t, func(c *config) { c.CookieSecure = secure })
		p := a.newPerson(t)
		r := a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}).want(t, 200)
		cookies := (&http.Response{Header: r.Header}).Cookies()
		for i, maxAge := range []int{30 * 24 * 60 * 60, 400 * 24 * 60 * 60} { // the session, and the device
			c := cookies[i]
			want := *c
			want.HttpOnly, want.SameSite, want.Secure = true, http.SameSiteLaxMode, secure
			want.Path, want.Domain, want.MaxAge = "/", "", maxAge
			if diff := cmp.Diff(want, *c); diff != "" {
				t.Errorf("the cookie differs (-want +got):\n%s", diff)
			}
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("got Cache-Control %q, want no-store", got)
		}
	}
}

// TestCookieNames shows the prefix where https is used. A session of the version before goes on, and
// its cookie gets the prefix with the next answer.
func TestCookieNames(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{true, false} {
		a := newTestAPI(t, func(c *config) { c.CookieSecure = secure })
		r := a.send(t, "POST", "/api/v1/signup", map[string]any{"email": "ada@example.com", "password": testPassword}).want(t, 201)
		var names []string
		for _, c := range (&http.Response{Header: r.Header}).Cookies() {
			names = append(names, c.Name)
		}
		want := []string{"taskmaster_session", "taskmaster_device"}
		if secure {
			want = []string{"__Host-taskmaster_session", "__Host-taskmaster_device"}
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("https %v: the names differ (-want +got):\n%s", secure, diff)
		}
	}
	a := newTestAPI(t)
	p := a.newPerson(t)
	old := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "taskmaster_session", Value: p.Secret}) }
	r := a.send(t, "GET", "/api/v1/me", nil, old).want(t, 200)
	cookies := (&http.Response{Header: r.Header}).Cookies()
	if len(cookies) != 2 || cookies[0].Name != "__Host-taskmaster_session" || cookies[0].Value != p.Secret || cookies[0].MaxAge <= 0 {
		t.Fatalf("got cookies %v, want the session under its new name", cookies)
	}
	if cookies[1].Name != "taskmaster_session" || cookies[1].MaxAge >= 0 {
		t.Errorf("got cookie %v, want the old name deleted", cookies[1])
	}
	// The prefixed cookie counts: a sibling domain may have set the other.
	other := a.newPerson(t)
	planted := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "taskmaster_session", Value: other.Secret}) }
	if got := decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me", nil, planted).want(t, 200)).ID; got != p.ID {
		t.Error("a cookie without the prefix wins")
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	again := func() string {
		return sessionOf(t, p.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}).want(t, 200))
	}

	// A login in the same browser replaces its session.
	next := again()
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	p.Secret = next

	// A logout ends the session and deletes the cookie.
	r := p.send(t, "POST", "/api/v1/logout", nil).want(t, 204)
	if c := (&http.Response{Header: r.Header}).Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("got cookies %v, want one that is deleted", c)
	}
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	p.send(t, "POST", "/api/v1/logout", nil).want(t, 204)
	a.send(t, "POST", "/api/v1/logout", nil).want(t, 204)

	// Thirty days without use end the session.
	p.Secret = again()
	a.advance(sessionIdle)
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
}

func TestSignupRefuses(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for name, tt := range map[string]struct {
		email, password, zone string
		field                 string
	}{
		"no address":         {"", testPassword, "", "email"},
		"no e-mail address":  {"ada", testPassword, "", "email"},
		"address not ASCII":  {"\u00e4da@example.com", testPassword, "", "email"},
		"address with NUL":   {"a\x00da@example.com", testPassword, "", "email"},
		"address too long":   {strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 100) + "com", testPassword, "", "email"},
		"no password":        {"ada@example.com", "", "", "password"},
		"password too short": {"ada@example.com", "1234567", "", "password"},
		"password too long":  {"ada@example.com", strings.Repeat("x", 257), "", "password"},
		"unknown zone":       {"ada@example.com", testPassword, "Europe/Atlantis", "time_zone"},
		"machine's zone":     {"ada@example.com", testPassword, "Local", "time_zone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := a.send(t, "POST", "/api/v1/signup", map[string]any{"email": tt.email, "password": tt.password, "time_zone": tt.zone})
			got := decoded[struct{ Errors []struct{ Field string } }](t, r.wantProblem(t, 422, "invalid"))
			if len(got.Errors) != 1 || got.Errors[0].Field != tt.field {
				t.Errorf("got errors %v, want one for %s", got.Errors, tt.field)
			}
			if strings.Contains(string(r.Body), testPassword) {
				t.Errorf("the answer shows the password: %s", r.Body)
			}
		})
	}
	a.send(t, "POST", "/api/v1/signup", `{"email":"ada@example.com","password":"longenough","admin":true}`).wantProblem(t, 422, "invalid")
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	login := func(email string) map[string]any { return map[string]any{"email": email, "password": testPassword} }

	t.Run("logins of an address", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute = 1 })
		p := a.newPerson(t)
		for i := range addressLogins {
			a.send(t, "POST", "/api/v1/login", login("nobody"+string(rune('a'+i))+"@example.com"), from("192.0.2.1")).want(t, 401)
		}
		r := a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.1")).wantProblem(t, 429, "rate_limited")
		if got := r.Header.Get("Retry-After"); got != "20" {
			t.Errorf("got Retry-After %q, want 20", got)
		}
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.2")).want(t, 200)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.1"), header("X-Forwarded-For", "192.0.2.3")).want(t, 429)
		a.advance(20 * time.Second)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.1")).want(t, 200)
	})
	t.Run("logins through a trusted proxy", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute, c.TrustedProxies = 1, []string{"10.0.0.0/8"} })
		for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
			at := header("X-Forwarded-For", client)
			for i := range addressLogins {
				a.send(t, "POST", "/api/v1/login", login(fmt.Sprint(i, client, "@example.com")), from("10.1.1.1"), at).want(t, 401)
			}
			a.send(t, "POST", "/api/v1/login", login(client+"@example.net"), from("10.1.1.2"), at).want(t, 429)
		}
	})
	t.Run("logins to an account from an address", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute = 2 })
		p, other := a.newPerson(t), a.newPerson(t)
		for range 2 {
			a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": "a wrong guess"}, from("192.0.2.1")).want(t, 401)
		}
		a.send(t, "POST", "/api/v1/login", login(strings.ToUpper(p.Email)), from("192.0.2.1")).wantProblem(t, 429, "rate_limited")
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.2")).want(t, 200)
		a.send(t, "POST", "/api/v1/login", login(other.Email), from("192.0.2.1")).want(t, 200)
	})
	t.Run("logins to an account from everywhere", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute = 1 })
		p := a.newPerson(t)
		known := deviceOf(t, a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.250")).want(t, 200))
		for i := range accountLogins - 1 {
			at := from(fmt.Sprint("192.0.2.", i))
			a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": "a wrong guess"}, at).want(t, 401)
		}
		r := a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.200")).wantProblem(t, 429, "rate_limited")
		if got := r.Header.Get("Retry-After"); got != "360" {
			t.Errorf("got Retry-After %q, want 360: a tenth of an hour", got)
		}
		// A device that has logged in before is not locked out. Its own attempts are limited.
		a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": "mistyped"}, from("192.0.2.200"), device(known)).want(t, 401)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.200"), device(known)).wantProblem(t, 429, "rate_limited")
		a.advance(time.Minute)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.200"), device(known)).want(t, 200)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.200"), device("made up")).want(t, 429)
		// Nor is a logged-in user who is asked for the password.
		p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": testPassword}).want(t, 204)
	})
	t.Run("logins from a known device at a busy address", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute = 1 })
		p := a.newPerson(t)
		known := deviceOf(t, a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.250")).want(t, 200))
		for i := range addressLogins {
			a.send(t, "POST", "/api/v1/login", login(fmt.Sprint(i, "@example.com")), from("192.0.2.1")).want(t, 401)
		}
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.1"), device("made up")).want(t, 429)
		a.send(t, "POST", "/api/v1/login", login(p.Email), from("192.0.2.1"), device(known)).want(t, 200)
	})
	t.Run("passwords with a session", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.LoginPerMinute = 2 })
		p := a.newPerson(t)
		for range 2 {
			p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": "a wrong guess"}).want(t, 422)
		}
		p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": testPassword}).wantProblem(t, 429, "rate_limited")
		a.send(t, "POST", "/api/v1/login", login(p.Email)).want(t, 200)
	})
	t.Run("sign-ups", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.SignupPerMinute = 1 })
		a.send(t, "POST", "/api/v1/signup", login("ada@example.com"), from("192.0.2.1")).want(t, 201)
		a.send(t, "POST", "/api/v1/signup", login("eve@example.com"), from("192.0.2.1")).wantProblem(t, 429, "rate_limited")
		a.send(t, "POST", "/api/v1/signup", login("eve@example.com"), from("192.0.2.2")).want(t, 201)
	})
	t.Run("requests of a user", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t, func(c *config) { c.RatePerMinute = 6 }) // and two at once
		p, other := a.newPerson(t), a.newPerson(t)
		p.send(t, "GET", "/api/v1/me", nil).want(t, 200)
		p.send(t, "GET", "/api/v1/tokens", nil).want(t, 200)
		p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 429, "rate_limited")
		other.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	})
}

func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.PublicURL = "https://tasks.example.com/" })
	p := a.newPerson(t)
	token := p.newToken(t, scopeAccount)
	login := map[string]any{"email": p.Email, "password": testPassword}
	patch := map[string]any{"time_zone": "Asia/Tokyo"}

	for name, tt := range map[string]struct {
		method, path string
		body         any
		options      []func(*http.Request)
		want         int
	}{
		"another site's page":               {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"a page of a sibling domain":        {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Sec-Fetch-Site", "same-site")}, 403},
		"another origin in an old browser":  {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Origin", "https://evil.example")}, 403},
		"a page without origin":             {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Origin", "null")}, 403},
		"our page":                          {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Sec-Fetch-Site", "same-origin")}, 200},
		"our page in an old browser":        {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Origin", "http://example.com")}, 200},
		"our page behind a proxy":           {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://tasks.example.com")}, 200},
		"no browser":                        {"PATCH", "/api/v1/me", patch, nil, 200},
		"a link on another site":            {"GET", "/api/v1/me", nil, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 200},
		"a token, whatever the page":        {"PATCH", "/api/v1/me", patch, []func(*http.Request){header("Origin", "https://evil.example"), bearer(token)}, 200},
		"login by another site's page":      {"POST", "/api/v1/login", login, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"sign-up by another site's page":    {"POST", "/api/v1/signup", login, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"logout by another site's page":     {"POST", "/api/v1/logout", nil, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"new token by another site's page":  {"POST", "/api/v1/tokens", patch, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"new task by another site's page":   {"POST", "/api/v1/tasks", map[string]any{"title": "x"}, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"deletion by another site's page":   {"DELETE", "/api/v1/me", map[string]any{"password": testPassword}, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"a form that another site submits":  {"POST", "/api/v1/login", login, []func(*http.Request){header("Origin", "https://evil.example"), header("Content-Type", "text/plain")}, 403},
		"a form, were it to come from here": {"POST", "/api/v1/login", login, []func(*http.Request){header("Content-Type", "text/plain")}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.send(t, tt.method, tt.path, tt.body, tt.options...).want(t, tt.want)
			if tt.want == 403 {
				r.wantProblem(t, 403, "forbidden")
			}
		})
	}
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"not JSON":      {"email=ada", 400},
		"two values":    {`{} {}`, 400},
		"wrong type":    {`{"email": 1}`, 422},
		"too large":     {`{"email": "` + strings.Repeat("a", 64<<10) + `"}`, 413},
		"nothing in it": {`{}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := a.send(t, "POST", "/api/v1/login", tt.body).want(t, tt.want)
			if !json.Valid(r.Body) {
				t.Errorf("the problem is not JSON: %s", r.Body)
			}
		})
	}
}
