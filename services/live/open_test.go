package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/server"
)

// newToken creates an API token of a person with scopes.
func newToken(p *person, scopes ...string) string {
	p.t.Helper()
	secret := account.NewToken()
	p.inTx(func(tx pgx.Tx) error {
		token := postgres.Token{ID: uuid.Must(uuid.NewV7()), UserID: p.id, Name: "test", Scopes: scopes, CreatedAt: time.Now()}
		return postgres.InsertToken(p.t.Context(), tx, token, account.Hash(secret))
	})
	return secret
}

func TestWhoMayOpen(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	cookie := account.CookieName + "=" + p.session
	reader := "Bearer " + newToken(p, account.ScopeTasksRead)
	writer := "Bearer " + newToken(p, account.ScopeTasksWrite, account.ScopeAccount)

	tests := map[string]struct {
		query  string
		header http.Header
		want   int
		code   string
	}{
		"session from our page":      {"", http.Header{"Cookie": {cookie}, "Origin": {origin}}, 101, ""},
		"token without origin":       {"?since=0", http.Header{"Authorization": {reader}}, 101, ""},
		"token from our page":        {"", http.Header{"Authorization": {reader}, "Origin": {origin}}, 101, ""},
		"session without origin":     {"", http.Header{"Cookie": {cookie}}, 403, "forbidden"},
		"session from another page":  {"", http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example.com"}}, 403, "forbidden"},
		"token from another page":    {"", http.Header{"Authorization": {reader}, "Origin": {"https://evil.example.com"}}, 403, "forbidden"},
		"origin with another scheme": {"", http.Header{"Cookie": {cookie}, "Origin": {"http://tasks.example.com"}}, 403, "forbidden"},
		"origin with another port":   {"", http.Header{"Cookie": {cookie}, "Origin": {origin + ":8443"}}, 403, "forbidden"},
		"origin that ends like ours": {"", http.Header{"Cookie": {cookie}, "Origin": {"https://eviltasks.example.com"}}, 403, "forbidden"},
		"null origin":                {"", http.Header{"Cookie": {cookie}, "Origin": {"null"}}, 403, "forbidden"},
		"two origins":                {"", http.Header{"Cookie": {cookie}, "Origin": {origin, origin}}, 403, "forbidden"},

		"page at a name that nobody configured": {"", http.Header{"Cookie": {cookie}, "Host": {"box.lan:8080"}, "Origin": {"http://box.lan:8080"}}, 101, ""},
		"page behind TLS of somebody else's":    {"", http.Header{"Cookie": {cookie}, "Host": {"box.lan"}, "Origin": {"https://box.lan"}, "X-Forwarded-Proto": {"http"}}, 101, ""},
		"page behind a proxy that changes Host": {"", http.Header{"Cookie": {cookie}, "X-Forwarded-Host": {"box.lan"}, "Origin": {"https://box.lan"}}, 101, ""},
		"another page of the same site":         {"", http.Header{"Cookie": {cookie}, "Host": {"box.lan:8080"}, "Origin": {"http://box.lan:9090"}}, 403, "forbidden"},
		"page that a browser holds for another": {"", http.Header{"Cookie": {cookie}, "Host": {"box.lan"}, "Origin": {"http://box.lan"}, "Sec-Fetch-Site": {"cross-site"}}, 403, "forbidden"},
		"plain page, encrypted connection":      {"", http.Header{"Cookie": {cookie}, "Host": {"box.lan"}, "Origin": {"http://box.lan"}, "X-Forwarded-Proto": {"https"}}, 403, "forbidden"},
		// The browser has no session for that name.
		"name that an attacker points at us": {"", http.Header{"Host": {"evil.example.com"}, "Origin": {"http://evil.example.com"}}, 401, "unauthorized"},

		"nobody":                  {"", http.Header{"Origin": {origin}}, 401, "unauthorized"},
		"unknown session":         {"", http.Header{"Cookie": {account.CookieName + "=guess"}, "Origin": {origin}}, 401, "unauthorized"},
		"unknown token":           {"", http.Header{"Authorization": {"Bearer tm_guess"}}, 401, "unauthorized"},
		"token that may not read": {"", http.Header{"Authorization": {writer}}, 403, "forbidden"},
		"since that is no number": {"?since=yesterday", http.Header{"Authorization": {reader}}, 422, "invalid"},
		"since below zero":        {"?since=-1", http.Header{"Authorization": {reader}}, 422, "invalid"},
		"since that is empty":     {"?since=", http.Header{"Authorization": {reader}}, 422, "invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, problem := tryDial(t, live, tt.query, tt.header)
			if status != tt.want || string(problem.Code) != tt.code {
				t.Errorf("got %d %s, want %d %s", status, problem.Code, tt.want, tt.code)
			}
		})
	}
}

// tryDial connects and disconnects. It returns the answer of the handshake.
func tryDial(t *testing.T, to *env, query string, header http.Header) (status int, problem server.Problem) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, "ws://"+to.addr+"/live"+query, &websocket.DialOptions{HTTPHeader: header, Host: header.Get("Host")})
	if err == nil {
		conn.CloseNow()
		return res.StatusCode, problem
	}
	if res == nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
		t.Fatalf("answer %d is no problem: %v", res.StatusCode, err)
	}
	return res.StatusCode, problem
}

func TestPlainRequestMustUpgrade(t *testing.T) {
	t.Parallel()
	_, live := setup(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+live.addr+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want a problem of 426", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestSocketsAreLimited(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.MaxSockets, c.MaxSocketsPerUser = 3, 2 })
	other := newPerson(t, p.db)
	as := func(p *person) http.Header {
		return http.Header{"Cookie": {account.CookieName + "=" + p.session}, "Origin": {origin}}
	}
	first := dial(t, live, p, "")
	dial(t, live, p, "")
	third := dial(t, live, p, "")
	if why := third.wantClosed(4429); why != "2 windows of this account are open already" {
		t.Errorf("a user's third of two was closed because %q", why)
	}
	dial(t, live, other, "")
	if status, problem := tryDial(t, live, "", as(other)); status != 503 {
		t.Errorf("the fourth of three got %d %s, want 503", status, problem.Code)
	}

	// A released slot can be taken again.
	first.conn.Close(websocket.StatusNormalClosure, "")
	for end := time.Now().Add(deadline); ; {
		m, err := dial(t, live, p, "?since=0").read()
		if err == nil && m.Type == typeHeartbeat {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("got %v after a slot was released, want a connection", err)
		}
	}
}

func TestRunRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), config{DatabaseURL: postgrestest.NewerURL(t), DatabaseConns: 3}, nil, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "the database is of a newer version of TaskMaster") {
		t.Errorf("got error %v, want one that names a newer version", err)
	}
}
