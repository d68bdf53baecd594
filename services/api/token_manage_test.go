package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	expires := testStart.Add(time.Hour)
	create := func(name string, body map[string]any) apiv1.TokenWithSecret {
		t.Helper()
		body["name"] = name
		r := p.send(t, "POST", "/api/v1/tokens", body).want(t, 201)
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("got Cache-Control %q, want no-store", got)
		}
		return decoded[apiv1.TokenWithSecret](t, r)
	}
	first := create(" calendar ", map[string]any{"scopes": []string{scopeWrite, scopeRead}, "expires_at": expires})
	second := create("backup", map[string]any{"scopes": []string{scopeRead}})
	want := first.Token
	want.Name, want.Scopes, want.ExpiresAt = "calendar", []string{scopeWrite, scopeRead}, &expires
	if diff := cmp.Diff(want, first.Token); diff != "" {
		t.Errorf("the token differs (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(first.Secret, "tm_") || len(first.Secret) != 46 || first.Secret == second.Secret {
		t.Errorf("got tokens %s and %s, want different ones of tm_ and 43 characters", first.Secret, second.Secret)
	}

	// The list has the newest token first, in pages, without credentials.
	r := p.send(t, "GET", "/api/v1/tokens?limit=1", nil).want(t, 200)
	got := decoded[apiv1.Page[apiv1.Token]](t, r)
	if len(got.Items) != 1 || got.Items[0].ID != second.ID || got.NextCursor == "" {
		t.Errorf("got %s, want only the newest token", r.Body)
	}
	if strings.Contains(string(r.Body), "token\"") {
		t.Errorf("the list has a credential: %s", r.Body)
	}
	got = decoded[apiv1.Page[apiv1.Token]](t, p.send(t, "GET", "/api/v1/tokens?limit=1&cursor="+got.NextCursor, nil).want(t, 200))
	if len(got.Items) != 1 || got.Items[0].ID != first.ID || got.NextCursor != "" {
		t.Errorf("got %+v, want the other token and no cursor", got)
	}
	p.send(t, "GET", "/api/v1/tokens?cursor=nonsense", nil).wantProblem(t, 422, "invalid")

	// A deleted token stops working.
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(first.Secret)).want(t, 200)
	p.send(t, "DELETE", "/api/v1/tokens/"+first.ID.String(), nil).want(t, 204)
	p.send(t, "DELETE", "/api/v1/tokens/"+first.ID.String(), nil).wantProblem(t, 404, "not_found")
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(first.Secret)).wantProblem(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(second.Secret)).want(t, 200)
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	r := p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{scopeRead}, "expires_at": testStart.Add(time.Hour)}).want(t, 201)
	token := decoded[apiv1.TokenWithSecret](t, r).Secret
	a.advance(time.Hour - time.Microsecond)
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).want(t, 200)
	a.advance(time.Microsecond)
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(token)).wantProblem(t, 401, "unauthorized")
	if got := decoded[apiv1.Page[apiv1.Token]](t, p.send(t, "GET", "/api/v1/tokens", nil).want(t, 200)); len(got.Items) != 1 {
		t.Errorf("got %d tokens, want the expired one still listed", len(got.Items))
	}
}

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	for name, body := range map[string]map[string]any{
		"no name":                 {"scopes": []string{scopeRead}},
		"blank name":              {"name": "  ", "scopes": []string{scopeRead}},
		"name with NUL":           {"name": "a\x00b", "scopes": []string{scopeRead}},
		"name too long":           {"name": strings.Repeat("x", 101), "scopes": []string{scopeRead}},
		"no scopes":               {"name": "x"},
		"empty scopes":            {"name": "x", "scopes": []string{}},
		"a scope twice":           {"name": "x", "scopes": []string{scopeRead, scopeRead}},
		"unknown scope":           {"name": "x", "scopes": []string{"admin"}},
		"two expiries":            {"name": "x", "scopes": []string{scopeRead}, "expires_at": testStart.Add(time.Hour), "never_expires": true},
		"expired":                 {"name": "x", "scopes": []string{scopeRead}, "expires_at": testStart},
		"too far in the future":   {"name": "x", "scopes": []string{scopeRead}, "expires_at": "9999-12-31T23:59:59-01:00"},
		"expires_at not a time":   {"name": "x", "scopes": []string{scopeRead}, "expires_at": "tomorrow"},
		"a field that is unknown": {"name": "x", "scopes": []string{scopeRead}, "user_id": p.ID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.send(t, "POST", "/api/v1/tokens", body).wantProblem(t, 422, "invalid")
		})
	}
}

func TestTokenCannotCreateAStrongerOne(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	expires := testStart.Add(time.Hour)
	r := p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{scopeAccount, scopeRead}, "expires_at": expires, "password": testPassword}).want(t, 201)
	token := bearer(decoded[apiv1.TokenWithSecret](t, r).Secret)
	for name, tt := range map[string]struct {
		scopes  []string
		expires any
		want    int
	}{
		"no more":       {[]string{scopeRead}, expires, 201},
		"as much":       {[]string{scopeRead, scopeAccount}, expires, 201},
		"another scope": {[]string{scopeRead, scopeWrite}, expires, 403},
		"longer":        {[]string{scopeRead}, expires.Add(time.Second), 403},
		"as long":       {[]string{scopeRead}, nil, 201},
		"for ever":      {[]string{scopeRead}, "never", 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := map[string]any{"name": name, "scopes": tt.scopes, "expires_at": tt.expires, "password": testPassword}
			if tt.expires == "never" {
				body["expires_at"], body["never_expires"] = nil, true
			}
			r := a.send(t, "POST", "/api/v1/tokens", body, token)
			if r.want(t, tt.want); tt.want == 403 {
				r.wantProblem(t, 403, "forbidden")
			} else if got := decoded[apiv1.Token](t, r).ExpiresAt; !got.Equal(expires) {
				t.Errorf("got expiry %s, want that of the token that made it", got)
			}
		})
	}
}

// TestTokenIsCreatedOnceForAnIdempotencyKey repeats a request, also with another credential. It gets
// the same token without its credential.
func TestTokenIsCreatedOnceForAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	body := map[string]any{"name": "x", "scopes": []string{scopeRead}}
	key := header("Idempotency-Key", "once")
	first := p.send(t, "POST", "/api/v1/tokens", body, key).want(t, 201)
	want := decoded[apiv1.TokenWithSecret](t, first)
	a.send(t, "GET", "/api/v1/tasks", nil, bearer(want.Secret)).want(t, 200)
	want.Secret, want.ShownOnce = "", true
	other := bearer(p.newToken(t, scopeAccount, scopeRead))
	for name, again := range map[string]reply{
		"the same credential": p.send(t, "POST", "/api/v1/tokens", body, key),
		"another credential":  a.send(t, "POST", "/api/v1/tokens", body, key, other),
	} {
		if diff := cmp.Diff(want, decoded[apiv1.TokenWithSecret](t, again.want(t, 201))); diff != "" {
			t.Errorf("%s: the repeated answer differs from the first without its credential:\n%s", name, diff)
		}
	}
	p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "y", "scopes": []string{scopeRead}}, key).wantProblem(t, 409, "conflict")
	if n := len(decoded[apiv1.Page[apiv1.Token]](t, p.send(t, "GET", "/api/v1/tokens", nil).want(t, 200)).Items); n != 2 {
		t.Errorf("got %d tokens, want 2: the one of the key and the other credential", n)
	}
}

// TestKeyOfTheVersionBefore repeats a request whose answer the version before encrypted.
func TestKeyOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	body, key := map[string]any{"name": "x", "scopes": []string{scopeRead}}, header("Idempotency-Key", "once")
	p.send(t, "POST", "/api/v1/tokens", body, key).want(t, 201)
	a.exec(t, `UPDATE idempotency_keys SET sealed = true, body = '\x00ff'`)
	p.send(t, "POST", "/api/v1/tokens", body, key).wantProblem(t, 409, "conflict")
}

func TestTokensHaveALimit(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	const tries = maxTokens + 10
	statuses := make(chan int, tries)
	var all sync.WaitGroup
	parallel := make(chan struct{}, 8) // as many requests as the database accepts at once
	for i := range tries {
		parallel <- struct{}{}
		all.Go(func() {
			defer func() { <-parallel }()
			for {
				status := p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": fmt.Sprint(i), "scopes": []string{scopeRead}}).Status
				if status != http.StatusServiceUnavailable { // the machine is busy with other tests
					statuses <- status
					return
				}
			}
		})
	}
	all.Wait()
	close(statuses)
	made := 0
	for s := range statuses {
		if s == 201 {
			made++
		} else if s != 409 {
			t.Errorf("got status %d, want 201 or 409", s)
		}
	}
	if made != maxTokens {
		t.Errorf("got %d tokens, want %d", made, maxTokens)
	}
}

// TestTokensExpireByDefault makes tokens with and without an expiry.
func TestTokensExpireByDefault(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	usual := testStart.AddDate(0, 0, 90)
	for name, tt := range map[string]struct {
		never bool
		want  *time.Time
	}{"usual": {false, &usual}, "for ever": {true, nil}} {
		r := p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": name, "scopes": []string{scopeRead}, "never_expires": tt.never}).want(t, 201)
		if diff := cmp.Diff(tt.want, decoded[apiv1.Token](t, r).ExpiresAt); diff != "" {
			t.Errorf("%s: the expiry differs (-want +got):\n%s", name, diff)
		}
	}
}

// TestAccountTokensNeedThePassword makes tokens of each scope with a session and with a token.
func TestAccountTokensNeedThePassword(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	token := bearer(p.newToken(t, scopeAccount, scopeRead))
	for _, options := range [][]func(*http.Request){{session(p.Secret)}, {token}} {
		for _, tt := range []struct {
			scope    string
			password any
			want     int
		}{{scopeRead, nil, 201}, {scopeAccount, nil, 422}, {scopeAccount, "a wrong guess", 422}, {scopeAccount, testPassword, 201}} {
			r := a.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{tt.scope}, "password": tt.password}, options...).want(t, tt.want)
			if tt.want == 422 && !strings.Contains(string(r.Body), `"field":"password"`) {
				t.Errorf("got %s, want an error of the password", r.Body)
			}
		}
	}
}

// TestTokensAndANewPassword changes the password. Tokens and connected clients go on, unless the
// person revokes them.
func TestTokensAndANewPassword(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.PublicURL = publicURL })
	p, other := a.newPerson(t), a.newPerson(t)
	token, others := bearer(p.newToken(t, scopeRead)), bearer(other.newToken(t, scopeRead))
	p.connect(t, p.register(t, claude), scopeRead)
	change := map[string]any{"current_password": testPassword, "password": testPassword}
	p.send(t, "PATCH", "/api/v1/me", change).want(t, 200)
	a.send(t, "GET", "/api/v1/tasks", nil, token).want(t, 200)
	if n := len(p.connections(t)); n != 1 {
		t.Errorf("got %d connected clients, want 1", n)
	}
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"revoke_tokens": true}).wantProblem(t, 422, "invalid")
	change["revoke_tokens"] = true
	p.send(t, "PATCH", "/api/v1/me", change).want(t, 200)
	a.send(t, "GET", "/api/v1/tasks", nil, token).wantProblem(t, 401, "unauthorized")
	if n := len(p.connections(t)); n != 0 {
		t.Errorf("got %d connected clients, want none", n)
	}
	a.send(t, "GET", "/api/v1/tasks", nil, others).want(t, 200)
}
