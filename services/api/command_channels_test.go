package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/backup"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/seal"
)

func testKeys(t *testing.T, list string) *seal.Keys {
	t.Helper()
	k, err := seal.ParseKeys(list)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// stored returns the channels with secrets as the database has them, by their ids.
func (ta *testAPI) stored(t *testing.T) (channels []postgres.Channel) {
	t.Helper()
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		channels, err = postgres.LockSecrets(t.Context(), tx, uuid.Nil, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return channels
}

// TestSecretsAreSealed makes channels without a key and with one, and then rotates the key and goes back to
// clear text. The secret of a webhook and that of a browser are the same in each form.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	first, second := seal.NewKey(), seal.NewKey()
	a := newTestAPI(t)
	p := a.newPerson(t)
	secret := func(r reply) string { return decoded[apiv1.ChannelWithSecret](t, r.want(t, 201)).Secret }
	inClear := secret(p.send(t, "POST", "/api/v1/channels", testWebhook))
	a.keys = testKeys(t, first)
	sealed := secret(p.send(t, "POST", "/api/v1/channels", testWebhook))
	p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
	p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 200) // stored anew

	const auth = "BTBZMqHH6r4Tts7J_aSIgg"
	check := func(keys *seal.Keys, want ...string) {
		t.Helper()
		got := a.stored(t)
		if len(got) != len(want) {
			t.Fatalf("got %d channels, want %d", len(got), len(want))
		}
		for i, c := range got {
			opened, err := c.Opened(keys)
			if err != nil {
				t.Fatal(err)
			}
			if c.KeyName() != want[i] {
				t.Errorf("channel %d is sealed with %s, want %s", i, c.KeyName(), want[i])
			}
			if c.Kind == postgres.ChannelWebPush && opened.Subscription.Keys.Auth != auth {
				t.Errorf("got %+v, want the secret of the browser", opened.Subscription)
			}
		}
		for i, want := range []string{inClear, sealed} {
			if opened, err := got[i].Opened(keys); err != nil || opened.Secret != want {
				t.Errorf("channel %d: got %q, %v, want the secret that was shown", i, opened.Secret, err)
			}
		}
	}
	name := func(key string) string { n, _, _ := strings.Cut(key, ":"); return n }
	check(a.keys, seal.Clear, name(first), name(first))
	if n := a.count(t, `SELECT count(*) FROM channels WHERE channels::text LIKE '%`+sealed+`%' OR channels::text LIKE '%`+auth+`%'`); n != 0 {
		t.Error("the database holds a secret in clear")
	}
	// A change of a channel keeps its secret.
	p.send(t, "PATCH", "/api/v1/channels/"+a.stored(t)[1].ID.String(), `{"url": "https://example.com/other"}`).want(t, 200)

	for _, tt := range []struct{ list, want string }{{second + "," + first, name(second)}, {"clear," + second, seal.Clear}, {first, name(first)}} {
		keys := testKeys(t, tt.list)
		var out bytes.Buffer
		if err := sealChannels(t.Context(), a.db, keys, &out); err != nil {
			t.Fatal(err)
		}
		check(keys, tt.want, tt.want, tt.want)
	}
	var out bytes.Buffer
	if err := sealChannels(t.Context(), a.db, testKeys(t, second), &out); err == nil || !strings.Contains(err.Error(), "3 channels need a key") {
		t.Errorf("without the key: got error %v", err)
	}
	check(testKeys(t, first), name(first), name(first), name(first))
}

// TestBackupNamesItsKeys backs sealed secrets up, and restores them without their key. The backup has no
// key.
func TestBackupNamesItsKeys(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	name, value, _ := strings.Cut(key, ":")
	a := newTestAPI(t)
	a.keys = testKeys(t, key)
	p := a.newPerson(t)
	p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201)
	var out bytes.Buffer
	if err := warnOfKeys(t.Context(), a.db, &out); err != nil || !strings.Contains(out.String(), "1 channels need the key "+name) || strings.Contains(out.String(), value) {
		t.Errorf("got %q, %v, want the name of the key", out.String(), err)
	}
	file := filepath.Join(t.TempDir(), "backup.zip")
	if err := backup.Save(t.Context(), a.db, file, nil, a.now()); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		"":  "channel " + a.stored(t)[0].ID.String() + " of user " + p.ID.String() + " (webhook) needs the key " + name,
		key: "",
	} {
		b, err := backup.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		to, err := postgres.Open(t.Context(), postgrestest.EmptyURL(t), backupConns)
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		out.Reset()
		if err := restoreBackup(t.Context(), to, b, testKeys(t, list), &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "needs the key") != (want != "") || !strings.Contains(out.String(), want) {
			t.Errorf("with the keys %q: got %q, want %q", list, out.String(), want)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
