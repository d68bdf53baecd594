package account_test

import (
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/account"
	"taskmaster/services/postgres"
	"taskmaster/services/postgres/postgrestest"
	"taskmaster/services/task"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	db, now := postgrestest.Open(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	soon := now.Add(time.Hour)
	user := postgres.User{ID: uuid.New(), Email: "ada@example.com", TimeZone: "UTC", CreatedAt: now}
	session, token, forever := account.NewSession(), account.NewToken(), account.NewToken()
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		if err := postgres.InsertUser(t.Context(), tx, user); err != nil {
			return err
		}
		s := postgres.Session{TokenHash: account.Hash(session), UserID: user.ID, CreatedAt: now, ExpiresAt: soon}
		if err := postgres.InsertSession(t.Context(), tx, s); err != nil {
			return err
		}
		limited := postgres.Token{ID: uuid.New(), UserID: user.ID, Scopes: []string{account.ScopeTasksRead}, CreatedAt: now, ExpiresAt: &soon}
		if err := postgres.InsertToken(t.Context(), tx, limited, account.Hash(token)); err != nil {
			return err
		}
		unlimited := postgres.Token{ID: uuid.New(), UserID: user.ID, Scopes: []string{account.ScopeAccount}, CreatedAt: now}
		return postgres.InsertToken(t.Context(), tx, unlimited, account.Hash(forever))
	})
	if err != nil {
		t.Fatal(err)
	}

	just := soon.Add(-time.Microsecond)
	for name, tt := range map[string]struct {
		header, cookie string
		at             time.Time
		wantScopes     []string // nil: refused
		wantSession    bool
	}{
		"nothing":                        {at: now},
		"session":                        {cookie: session, at: just, wantScopes: account.Scopes(), wantSession: true},
		"expired session":                {cookie: session, at: soon},
		"unknown session":                {cookie: account.NewSession(), at: now},
		"empty session":                  {cookie: "", at: now},
		"token":                          {header: "Bearer " + token, at: just, wantScopes: []string{account.ScopeTasksRead}},
		"scheme in another case":         {header: "bearer " + token, at: now, wantScopes: []string{account.ScopeTasksRead}},
		"expired token":                  {header: "Bearer " + token, at: soon},
		"token without expiry":           {header: "Bearer " + forever, at: now.AddDate(100, 0, 0), wantScopes: []string{account.ScopeAccount}},
		"unknown token":                  {header: "Bearer " + account.NewToken(), at: now},
		"session shown as token":         {header: "Bearer " + session, at: now},
		"token shown as session":         {cookie: token, at: now},
		"hash shown as token":            {header: "Bearer " + string(account.Hash(token)), at: now},
		"other scheme":                   {header: "Basic " + token, at: now},
		"empty token":                    {header: "Bearer ", at: now},
		"bad token is not helped by one": {header: "Bearer nonsense", cookie: session, at: now},
		"token goes before session":      {header: "Bearer " + token, cookie: session, at: now, wantScopes: []string{account.ScopeTasksRead}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/", nil)
			if tt.header != "" {
				r.Header.Set("Authorization", tt.header)
			}
			r.Header.Set("Cookie", account.CookieName+"="+tt.cookie)
			got, err := account.Authenticate(t.Context(), db, r, tt.at)
			if tt.wantScopes == nil {
				if code := task.ErrorCode(err); code != task.CodeUnauthorized {
					t.Fatalf("got caller %v and error %v, want code unauthorized", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.UserID != user.ID || !slices.Equal(got.Scopes, tt.wantScopes) || (got.SessionHash != nil) != tt.wantSession {
				t.Errorf("got %+v, want user %s, scopes %v, a session: %v", got, user.ID, tt.wantScopes, tt.wantSession)
			}
		})
	}
}
