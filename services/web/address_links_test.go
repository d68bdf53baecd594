package main

import (
	"net/url"
	"strings"
	"testing"
)

// TestLinkPages opens the page of each link. A GET calls no API: only the button uses the link.
func TestLinkPages(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/confirm?token=abc%22%3E": `name="token" value="abc&#34;&gt;"`,
		"/reset?token=abc":         `name="token" value="abc"`,
		"/forgot":                  `action="/forgot"`,
		"/join":                    `action="/join"`,
	} {
		api, ask := settings(t, nil)
		got := ask("GET", path, nil, "Cookie", "")
		if got.status != 200 || !strings.Contains(got.body, want) || len(api.changes) != 0 {
			t.Errorf("%s: got %d and the calls %q, want a form with %s", path, got.status, api.changes, want)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: got the headers %v, want that no cache and no other site gets the link", path, got.header)
		}
	}
}

// TestLinkForms shows the API call and the answer of each form.
func TestLinkForms(t *testing.T) {
	t.Parallel()
	const refusal = `{"code": "not_found", "status": 404, "detail": "this link does not work, or no longer"}`
	for name, tt := range map[string]struct {
		path             string
		form             url.Values
		answer           string
		refused          bool
		wantCall, wanted string
	}{
		"forgot":      {path: "/forgot", form: url.Values{"email": {"ada@example.com"}}, wantCall: `POST /password/forgot? application/json {"email":"ada@example.com"}`, wanted: "If an account has the address ada@example.com"},
		"join":        {path: "/join", form: url.Values{"email": {"ada@example.com"}}, wantCall: `POST /signup/link? application/json {"email":"ada@example.com"}`, wanted: "An e-mail to ada@example.com is on its way"},
		"reset":       {path: "/reset", form: url.Values{"token": {"t"}, "password": {"new"}}, wantCall: `POST /password/reset? application/json {"token":"t","password":"new"}`, wanted: "logged out everywhere"},
		"confirmed":   {path: "/confirm", form: url.Values{"token": {"t"}}, answer: `{"purpose": "confirm", "email": "ada@example.com"}`, wantCall: `POST /links? application/json {"token":"t"}`, wanted: "ada@example.com is confirmed"},
		"waits":       {path: "/confirm", form: url.Values{"token": {"t"}}, answer: `{"purpose": "leave", "email": "ada@example.com", "waits": true}`, wantCall: `POST /links? application/json {"token":"t"}`, wanted: "when the other address has agreed"},
		"changed":     {path: "/confirm", form: url.Values{"token": {"t"}}, answer: `{"purpose": "join", "email": "new@example.com"}`, wantCall: `POST /links? application/json {"token":"t"}`, wanted: "new@example.com now"},
		"spent":       {path: "/confirm", form: url.Values{"token": {"t"}}, refused: true, wantCall: `POST /links? application/json {"token":"t"}`, wanted: "This link does not work"},
		"spent reset": {path: "/reset", form: url.Values{"token": {"t"}, "password": {"new"}}, refused: true, wantCall: `POST /password/reset? application/json {"token":"t","password":"new"}`, wanted: "Ask for another link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call, _, _ := strings.Cut(tt.wantCall, "?")
			api, ask := settings(t, map[string]string{})
			if tt.refused {
				api.refusals[call] = refusal
			}
			if tt.answer != "" {
				api.answers = map[string]string{call: tt.answer}
			}
			if got := ask("POST", tt.path, tt.form, "Sec-Fetch-Site", "cross-site"); got.status != 403 || len(api.changes) != 0 {
				t.Fatalf("from another site: got %d and %q, want 403 and no API call", got.status, api.changes)
			}
			got := ask("POST", tt.path, tt.form)
			if len(api.changes) != 1 || api.changes[0] != tt.wantCall {
				t.Errorf("got %q, want %q", api.changes, tt.wantCall)
			}
			if !strings.Contains(got.body, tt.wanted) || (got.status == 200) == tt.refused {
				t.Errorf("got %d, want a page that says %q:\n%s", got.status, tt.wanted, got.body)
			}
		})
	}
}

// TestUnconfirmedAddressIsShown shows on every page that reminders do not go to the address.
func TestUnconfirmedAddressIsShown(t *testing.T) {
	t.Parallel()
	const me = `{"email": "ada@example.com", "time_zone": "UTC", "week_start": "sunday", "email_channel": CHANNEL, "mails": true, "email_confirmed": CONFIRMED}`
	for name, tt := range map[string]struct {
		channel, confirmed string
		shown              bool
	}{
		"a channel":           {"true", "false", true},
		"a confirmed channel": {"true", "true", false},
		"no channel":          {"false", "false", false},
	} {
		api, ask := settings(t, nil)
		api.answers = map[string]string{"GET /me": strings.NewReplacer("CHANNEL", tt.channel, "CONFIRMED", tt.confirmed).Replace(me)}
		for _, path := range []string{"/today", "/settings/account"} {
			if got := ask("GET", path, nil); strings.Contains(got.body, "Reminders do not go to ada@example.com yet") != tt.shown {
				t.Errorf("%s: %s says it: %v, want %v", name, path, !tt.shown, tt.shown)
			}
		}
	}
}

// TestLoginPageKnowsWhoMaySignUp offers an account to people who may make one. An invitation is sent with
// the form, and no cache keeps it.
func TestLoginPageKnowsWhoMaySignUp(t *testing.T) {
	t.Parallel()
	const button, join = "Create an account</button>", `href="/join"`
	for name, tt := range map[string]struct {
		mode, path string
		offered    bool
	}{
		"open":              {"open", "/enter", true},
		"invite":            {"invite", "/enter", false},
		"closed":            {"closed", "/enter", false},
		"confirm":           {"confirm", "/enter", false},
		"with a link":       {"confirm", "/enter?invite=abc", true},
		"invited":           {"invite", "/enter?invite=abc", true},
		"the first account": {"closed", "/enter?invite=abc", true},
	} {
		api, ask := settings(t, nil)
		api.public = true
		api.answers = map[string]string{"GET /signup": `{"mode": "` + tt.mode + `"}`}
		got := ask("GET", tt.path, nil, "Cookie", "taskmaster_session=nobody's")
		if strings.Contains(got.body, button) != tt.offered {
			t.Errorf("%s: the page offers an account: %v, want %v", name, !tt.offered, tt.offered)
		}
		if want := tt.mode == "confirm" && !tt.offered; strings.Contains(got.body, join) != want {
			t.Errorf("%s: the page leads to %s: %v, want %v", name, join, !want, want)
		}
		invited := strings.Contains(tt.path, "abc")
		if strings.Contains(got.body, `name="invite" value="abc"`) != invited || invited && got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v and\n%s", name, got.header, got.body)
		}
	}
	api, ask := settings(t, nil)
	ask("POST", "/signup", url.Values{"email": {"ada@example.com"}, "password": {"new"}, "invite": {"abc"}})
	if len(api.changes) != 1 || !strings.Contains(api.changes[0], `"invite":"abc"`) {
		t.Errorf("got %q, want the invitation", api.changes)
	}
}
