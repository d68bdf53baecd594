package main

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
)

// TestAccountHoldsItsConversations shows the rows that a sidecar writes: in the quota, in the export, and gone with
// the account. A turn that ends after the account is not stored.
func TestAccountHoldsItsConversations(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	p, other := ta.newPerson(t), ta.newPerson(t)
	used := func() (bytes int64) {
		t.Helper()
		if err := ta.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
			bytes, err = postgres.Usage(t.Context(), tx, p.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	write := func(ctx context.Context, key, value string) error {
		return ta.db.InTx(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO conversation_state AS t (key, value) VALUES ($1, $2)
				ON CONFLICT (key) DO UPDATE SET value = $2, updated_at = now(), etag = gen_random_uuid()`, key, []byte(value))
			return err
		})
	}
	before := used()
	const value = `{"id":"c","title":"What is due?","updated_at":"2026-03-02T10:00:00Z","turns":[{"id":"1","at":"2026-03-02T10:00:00Z","said":"What is due?","text":"Nothing."}]}`
	for _, stored := range [][2]string{{"/index", `{"conversations":[]}`}, {"/c", `{}`}, {"/c", value}} {
		if err := write(t.Context(), p.ID.String()+stored[0], stored[1]); err != nil {
			t.Fatal(err)
		}
	}
	if added := used() - before; added < int64(len(value)) || added > 2*int64(len(value)+600) {
		t.Errorf("the quota counts %d bytes for a conversation of %d", added, len(value))
	}

	exported := decoded[apiv1.Export](t, p.send(t, "GET", "/api/v1/export", nil).want(t, 200))
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	want := []apiv1.Conversation{{
		ConversationItem: apiv1.ConversationItem{ID: "c", Title: "What is due?", UpdatedAt: at},
		Turns:            []apiv1.ConversationTurn{{ID: "1", At: at, Said: "What is due?", Text: "Nothing."}},
	}}
	if diff := cmp.Diff(want, exported.Conversations); diff != "" {
		t.Errorf("exported (-want +got):\n%s", diff)
	}
	other.send(t, "POST", "/api/v1/import", string(p.send(t, "GET", "/api/v1/export", nil).Body)).want(t, 200)
	if got := decoded[apiv1.Export](t, other.send(t, "GET", "/api/v1/export", nil)).Conversations; len(got) != 0 {
		t.Errorf("the import added %+v", got)
	}

	p.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)
	if n := ta.count(t, `SELECT count(*) FROM conversation_state`); n != 0 {
		t.Errorf("the deleted account left %d rows", n)
	}
	if err := write(t.Context(), p.ID.String()+"/late", value); err == nil {
		t.Error("a turn was stored after the end of the account")
	}
	if n := used(); n != 0 {
		t.Errorf("the deleted account uses %d bytes", n)
	}
}
