package series

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/portblock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/tests/system"
)

// appToken is the token with which a sidecar calls its service.
const appToken = "of the sidecar"

// fault is the failure of recurring's next call of api.
type fault int32

const (
	none    fault = iota
	refused       // the call does not reach api
	lost          // api's answer does not reach recurring
)

// fixture runs api and recurring on a database. The test acts as their sidecars.
type fixture struct {
	db             *postgres.DB
	client         *http.Client
	api, recurring string // their addresses
	fault          atomic.Int32
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	databaseURL := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), databaseURL, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	dir := t.TempDir()
	if err := system.BuildServices(t.Context(), dir, "api", "recurring"); err != nil {
		t.Fatal(err)
	}
	f := &fixture{db: db, client: system.NewHTTPClient(8)}
	// No server listens on this port. So events of api stay in the outbox, from which the test
	// takes them.
	ports, release, err := portblock.Take(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	apiEnv := map[string]string{
		"DATABASE_URL": databaseURL, "APP_API_TOKEN": appToken, "DAPR_GRPC_PORT": fmt.Sprint(ports[0]), "RATE_PER_MINUTE": "0",
	}
	f.api = start(t, filepath.Join(dir, "api"), apiEnv)
	sidecar := httptest.NewServer(http.HandlerFunc(f.invoke))
	t.Cleanup(sidecar.Close)
	u, err := url.Parse(sidecar.URL)
	if err != nil {
		t.Fatal(err)
	}
	f.recurring = start(t, filepath.Join(dir, "recurring"), map[string]string{"APP_API_TOKEN": appToken, "DAPR_HTTP_PORT": u.Port()})
	return f
}

// start runs a program until the test ends, and returns its address.
func start(t *testing.T, path string, env map[string]string) string {
	t.Helper()
	p, err := system.StartProgram(t.Context(), path, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", filepath.Base(path), p.Tail(10))
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p.URL
}

// send sends a request and returns the answer's status and body.
func (f *fixture) send(ctx context.Context, method, target string, body []byte, header ...string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := f.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// invoke is the sidecar's route by which recurring calls api.
func (f *fixture) invoke(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1.0/invoke/api/method/internal/occurrences" {
		http.Error(w, fmt.Sprintf("%s: %v", r.URL.Path, err), http.StatusBadRequest)
		return
	}
	broken := fault(f.fault.Swap(int32(none)))
	if broken == refused {
		http.Error(w, "api is away", http.StatusServiceUnavailable)
		return
	}
	status, answer, err := f.send(r.Context(), http.MethodPost, f.api+"/internal/occurrences", body,
		"Content-Type", "application/json", "Dapr-Api-Token", appToken)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	case broken == lost:
		http.Error(w, "the answer is lost", http.StatusGatewayTimeout)
	default:
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}
}

// deliver delivers an event to recurring and returns its verdict.
func (f *fixture) deliver(ctx context.Context, e delivery) (string, error) {
	status, answer, err := f.send(ctx, http.MethodPost, f.recurring+"/events/task-events", e.raw,
		"Content-Type", "application/cloudevents+json", "Dapr-Api-Token", appToken)
	if err != nil {
		return "", err
	}
	var verdict struct{ Status string }
	if err := json.Unmarshal(answer, &verdict); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("deliver: status %d: %s", status, answer)
	}
	return verdict.Status, nil
}

// delivery is an event of the topic task-events on its way to recurring.
type delivery struct {
	event.Event
	raw []byte
}

// published takes the waiting events from the outbox, in order, as the relay does.
func (f *fixture) published(ctx context.Context) ([]delivery, error) {
	var taken []delivery
	err := f.db.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH taken AS (UPDATE outbox SET published_at = now() WHERE published_at IS NULL RETURNING seq, topic, event)
			SELECT event FROM taken WHERE topic = $1 ORDER BY seq`, event.TopicTasks)
		if err != nil {
			return err
		}
		taken, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d delivery, err error) {
			if err := row.Scan(&d.raw); err != nil {
				return d, err
			}
			d.Event, err = event.Decode(d.raw)
			return d, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take events: %w", err)
	}
	return taken, nil
}

// replay publishes all events of a user again, as the command api replay does.
func (f *fixture) replay(ctx context.Context, userID uuid.UUID) error {
	return f.db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := postgres.Replay(ctx, tx, time.Now().Add(-2*time.Hour), userID)
		return err
	})
}

// user is a user with an account.
type user struct {
	*fixture
	id    uuid.UUID
	token string
}

// newUser stores a user with a token. A sign-up would take longer than all of the user's requests.
func (f *fixture) newUser(ctx context.Context) (user, error) {
	u := user{fixture: f, id: uuid.Must(uuid.NewV7()), token: account.NewToken()}
	now := time.Now()
	return u, f.db.InTx(ctx, func(tx pgx.Tx) error {
		if err := postgres.InsertUser(ctx, tx, postgres.User{ID: u.id, Email: u.id.String() + "@example.com", TimeZone: "UTC", CreatedAt: now}); err != nil {
			return err
		}
		token := postgres.Token{ID: uuid.Must(uuid.NewV7()), UserID: u.id, Name: "test", Scopes: account.Scopes(), CreatedAt: now}
		return postgres.InsertToken(ctx, tx, token, account.Hash(u.token))
	})
}

// do sends a request to the REST API and decodes the answer into out, unless out is nil.
func (u user) do(ctx context.Context, method, path string, in, out any) error {
	body, ok := in.([]byte)
	if !ok && in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	status, answer, err := u.send(ctx, method, u.api+"/api/v1"+path, body, "Authorization", "Bearer "+u.token, "Content-Type", "application/json")
	if err == nil && status >= 300 {
		err = fmt.Errorf("status %d: %s", status, answer)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = answer
	} else if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
