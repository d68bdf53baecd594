package account_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
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
		s := postgres.Session{ID: uuid.New(), TokenHash: account.Hash(session), UserID: user.ID, CreatedAt: now, ExpiresAt: soon}
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
		wantScopes     []string // nil means refused
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
			r := httptest.NewRequest(http.MethodGet, "/", nil)
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
			if got.UserID != user.ID || !slices.Equal(got.Scopes, tt.wantScopes) || (got.Session != nil) != tt.wantSession {
				t.Errorf("got %+v, want user %s, scopes %v, a session: %v", got, user.ID, tt.wantScopes, tt.wantSession)
			}
		})
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	db, now := postgrestest.Open(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ada := postgres.User{ID: uuid.New(), Email: "ada@example.com", TimeZone: "UTC", CreatedAt: now}
	eve := postgres.User{ID: uuid.New(), Email: "eve@example.com", TimeZone: "UTC", CreatedAt: now}
	do := func(f func(tx pgx.Tx) error) {
		t.Helper()
		if err := db.InTx(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	// Session number i expires after i hours.
	hash := func(u postgres.User, i int) []byte { return account.Hash(fmt.Sprint(u.Email, i)) }
	insert := func(u postgres.User, i int) {
		t.Helper()
		created := now.Add(time.Duration(i) * time.Second)
		s := postgres.Session{ID: uuid.New(), TokenHash: hash(u, i), UserID: u.ID, CreatedAt: created, ExpiresAt: now.Add(time.Duration(i) * time.Hour)}
		do(func(tx pgx.Tx) error { return postgres.InsertSession(t.Context(), tx, s) })
	}
	valid := func(u postgres.User, i int) bool {
		t.Helper()
		var err error
		do(func(tx pgx.Tx) error {
			_, err = postgres.UseSession(t.Context(), tx, hash(u, i), now)
			return nil
		})
		return err == nil
	}
	do(func(tx pgx.Tx) error {
		return errors.Join(postgres.InsertUser(t.Context(), tx, ada), postgres.InsertUser(t.Context(), tx, eve))
	})

	insert(eve, 1)
	for i := range postgres.MaxSessions + 1 {
		insert(ada, i+1)
	}
	for i, want := range map[int]bool{1: false, 2: true, postgres.MaxSessions: true, postgres.MaxSessions + 1: true} {
		if got := valid(ada, i); got != want {
			t.Errorf("after one session too many number %d is valid: got %v, want %v", i, got, want)
		}
	}
	if !valid(eve, 1) {
		t.Error("one user's sessions ended another's")
	}

	// After three hours, two of Ada's sessions and Eve's session have expired. The purge removes up
	// to its limit.
	for _, want := range []int64{2, 1, 0} {
		var got int64
		do(func(tx pgx.Tx) (err error) {
			got, err = postgres.PurgeSessions(t.Context(), tx, now.Add(3*time.Hour), 2)
			return err
		})
		if got != want {
			t.Errorf("got %d sessions purged, want %d", got, want)
		}
	}
	if valid(ada, 3) || !valid(ada, 4) {
		t.Error("the purge took another session than those that had expired")
	}
}
