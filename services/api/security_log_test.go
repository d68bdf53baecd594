package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/telemetry"
	"taskmaster/internal/testkit"
)

// TestSecurityLog does each thing that has a line in the security log, and compares the lines. No line
// contains an address or a secret.
func TestSecurityLog(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.LoginPerMinute, c.PublicURL = 5, publicURL })
	log := &testkit.LogBuffer{}
	a.log = slog.New(telemetry.NewLogHandler(slog.NewJSONHandler(log, nil)))
	a.handler = checked(t, a.service.handler())
	p := a.newPerson(t)
	const guess = "a wrong guess"
	from := from("192.0.2.77")
	login := func(email, password string) reply {
		return a.send(t, "POST", "/api/v1/login", map[string]any{"email": email, "password": password}, from, header("X-Request-Id", "r-1"))
	}
	login(p.Email, testPassword).want(t, 200)
	login(p.Email, guess).want(t, 401)
	login("nobody@example.com", guess).want(t, 401)
	for range 3 {
		login(p.Email, guess).want(t, 401)
	}
	login(p.Email, testPassword).want(t, 429)
	p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{scopeAccount}, "password": guess}).want(t, 422)
	reader := p.newToken(t, scopeRead)
	a.send(t, "POST", "/api/v1/tasks", map[string]any{"title": "x"}, bearer(reader)).want(t, 403)
	a.send(t, "GET", "/api/v1/tasks", nil, bearer("tm_stolen")).want(t, 401)
	a.send(t, "GET", "/api/v1/tasks", nil).want(t, 401)
	a.send(t, "GET", "/api/v1/export", nil, bearer(reader)).want(t, 200)
	p.send(t, "POST", "/api/v1/tasks", map[string]any{"title": "x"}, header("Sec-Fetch-Site", "cross-site")).want(t, 403)
	channel := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", map[string]any{"kind": "webhook", "url": "https://hooks.example.com/of-mine"}).want(t, 201))
	p.send(t, "PATCH", "/api/v1/channels/"+channel.ID.String(), map[string]any{"enabled": false}).want(t, 200)
	p.send(t, "DELETE", "/api/v1/channels/"+channel.ID.String(), nil).want(t, 204)
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"time_zone": "Asia/Tokyo"}).want(t, 200) // no line
	const next = "another pass phrase"
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": next, "current_password": testPassword}).want(t, 200)
	p.send(t, "DELETE", "/api/v1/sessions", nil).want(t, 204)
	p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": guess}).want(t, 422)
	p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": next}).want(t, 204)
	p.send(t, "POST", "/api/v1/logout", nil).want(t, 204)

	var got []string
	senders := map[string]bool{}
	for line := range bytes.Lines([]byte(log.String())) {
		var l struct {
			Msg, Event, Outcome, Sender string
			UserID                      string `json:"user_id"`
			RequestID                   string `json:"request_id"`
		}
		if err := json.Unmarshal(line, &l); err != nil || l.Msg != securityMessage {
			continue
		}
		if l.Event == "login" {
			senders[l.Sender] = true
			if l.RequestID != "r-1" {
				t.Errorf("got request id %q, want r-1", l.RequestID)
			}
		}
		whose := "nobody"
		if l.UserID == p.ID.String() {
			whose = "owner"
		}
		got = append(got, fmt.Sprint(l.Event, " ", l.Outcome, " ", whose))
	}
	want := []string{
		"signup ok owner", "login ok owner", "login unauthorized owner", "login unauthorized nobody", "login unauthorized owner",
		"login unauthorized owner", "login unauthorized owner", "login rate_limited nobody",
		"token_creation invalid owner", "token_creation ok owner", "refused forbidden owner", "refused unauthorized nobody", "export ok owner",
		"refused forbidden owner", "channel_creation ok owner", "channel_change ok owner", "channel_deletion ok owner", "password_change ok owner",
		"session_end ok owner", "account_deletion invalid owner", "account_deletion ok owner", "logout ok nobody",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the lines differ (-want +got):\n%s", diff)
	}
	if len(senders) != 1 {
		t.Errorf("got senders %v, want one name for one address", senders)
	}
	for name, secret := range map[string]string{
		"password": testPassword, "guess": guess, "new password": next, "session": p.Secret, "token": reader, "unknown token": "tm_stolen",
		"e-mail address": p.Email, "address": "192.0.2.77", "webhook": "of-mine", "signing secret": channel.Secret,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has a %s in clear", name)
		}
	}
}
