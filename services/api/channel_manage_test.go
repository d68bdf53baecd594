package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
)

// testSubscription is the subscription of a browser in the form of PushSubscription.toJSON.
const testSubscription = `{"kind": "web_push", "subscription": {"endpoint": "https://push.example.com/send/abc", "expirationTime": null,
	"keys": {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}}}`

const testWebhook = `{"kind": "webhook", "url": "https://example.com/hook?key=1"}`

func TestWebhookSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	key := header("Idempotency-Key", "once")
	made := p.send(t, "POST", "/api/v1/channels", testWebhook, key).want(t, 201)
	got := decoded[apiv1.ChannelWithSecret](t, made)
	secret, ok := strings.CutPrefix(got.Secret, "whsec_")
	if key, err := base64.StdEncoding.DecodeString(secret); !ok || err != nil || len(key) != 32 {
		t.Errorf("got secret %q, want whsec_ and 32 bytes in base64", got.Secret)
	}
	if !got.Enabled || got.URL != "https://example.com/hook?key=1" || made.Header.Get("Location") != "/api/v1/channels/"+got.ID.String() {
		t.Errorf("got %+v at %s, want it enabled and with its URL", got, made.Header.Get("Location"))
	}
	want := got
	want.Secret, want.ShownOnce = "", true
	repeated := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook, key).want(t, 201))
	if diff := cmp.Diff(want, repeated); diff != "" {
		t.Errorf("the repeated answer differs from the first without its secret:\n%s", diff)
	}
	other := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	if other.Secret == got.Secret {
		t.Error("two webhooks have the same secret")
	}
	for _, path := range []string{"/api/v1/channels", "/api/v1/channels/" + got.ID.String()} {
		if r := p.send(t, "GET", path, nil).want(t, 200); strings.Contains(string(r.Body), "whsec_") {
			t.Errorf("GET %s shows a secret: %s", path, r.Body)
		}
	}
	patched := p.send(t, "PATCH", "/api/v1/channels/"+got.ID.String(), `{"url": "https://example.com/other"}`).want(t, 200)
	if c := decoded[apiv1.ChannelWithSecret](t, patched); c.URL != "https://example.com/other" || c.Secret != "" {
		t.Errorf("got %+v, want the new URL and no secret", c)
	}
}

func TestChannelInput(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	keys := `"keys": {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}`
	for name, tt := range map[string]struct {
		body  string
		field string
	}{
		"no kind":               {`{"url": "https://example.com"}`, "kind"},
		"unknown kind":          {`{"kind": "sms"}`, "kind"},
		"webhook without URL":   {`{"kind": "webhook"}`, "url"},
		"other scheme":          {`{"kind": "webhook", "url": "ftp://example.com/"}`, "url"},
		"no host":               {`{"kind": "webhook", "url": "https:///path"}`, "url"},
		"relative":              {`{"kind": "webhook", "url": "/path"}`, "url"},
		"password in URL":       {`{"kind": "webhook", "url": "https://me:secret@example.com/"}`, "url"},
		"fragment":              {`{"kind": "webhook", "url": "https://example.com/#x"}`, "url"},
		"line end in URL":       {`{"kind": "webhook", "url": "https://example.com/\r\nHost: x"}`, "url"},
		"endless URL":           {`{"kind": "webhook", "url": "https://example.com/` + strings.Repeat("a", maxURL) + `"}`, "url"},
		"webhook with address":  {`{"kind": "webhook", "url": "https://example.com", "address": "a@example.com"}`, "address"},
		"e-mail without":        {`{"kind": "email"}`, "address"},
		"not an address":        {`{"kind": "email", "address": "nobody"}`, "address"},
		"somebody else's":       {`{"kind": "email", "address": "victim@example.com"}`, "address"},
		"push without":          {`{"kind": "web_push"}`, "subscription"},
		"push with a bad key":   {`{"kind": "web_push", "subscription": {"endpoint": "https://p.example.com/", "keys": {"p256dh": "BAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}}}`, "subscription.keys.p256dh"},
		"push without a secret": {`{"kind": "web_push", "subscription": {"endpoint": "https://p.example.com/", "keys": {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}}`, "subscription.keys.auth"},
		"push with a bad URL":   {`{"kind": "web_push", "subscription": {"endpoint": "nowhere", ` + keys + `}}`, "subscription.endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.send(t, "POST", "/api/v1/channels", tt.body).wantProblem(t, 422, "invalid")
			if !strings.Contains(string(r.Body), fmt.Sprintf(`"field":%q`, tt.field)) {
				t.Errorf("got %s, want the field %s named", r.Body, tt.field)
			}
		})
	}
}

func TestEmailChannelIsTheAccounts(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	body := fmt.Sprintf(`{"kind": "email", "address": %q}`, strings.ToUpper(p.Email[:1])+p.Email[1:])
	got := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", body).want(t, 201))
	if got.Address != p.Email || got.Secret != "" {
		t.Errorf("got %+v, want the address %s and no secret", got, p.Email)
	}
	p.send(t, "POST", "/api/v1/channels", body).wantProblem(t, 409, "conflict")
}

func TestBrowserIsOneChannel(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	first := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201))
	if first.Endpoint != "https://push.example.com/send/abc" {
		t.Errorf("got %+v, want the subscription's endpoint", first)
	}
	p.send(t, "PATCH", "/api/v1/channels/"+first.ID.String(), `{"enabled": false}`).want(t, 200)
	again := p.send(t, "POST", "/api/v1/channels", strings.Replace(testSubscription, "BTBZ", "CTBZ", 1)).want(t, 200)
	if got := decoded[apiv1.ChannelWithSecret](t, again); got.ID != first.ID || !got.Enabled {
		t.Errorf("got %+v, want channel %s enabled", got, first.ID)
	}
	var stored postgres.Channel
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		stored, err = postgres.ChannelByID(t.Context(), tx, p.ID, first.ID)
		return err
	})
	if err != nil || !strings.HasPrefix(stored.Subscription.Keys.Auth, "CTBZ") {
		t.Errorf("got %+v, %v, want the present keys", stored.Subscription, err)
	}
	if strings.Contains(string(again.Body), "CTBZ") {
		t.Errorf("the answer shows the keys: %s", again.Body)
	}
}

func TestEnablingClearsTheReason(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	c := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	disable := func(updatedAt apiv1.ChannelWithSecret) {
		t.Helper()
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
			seen := postgres.Channel{ID: c.ID, UpdatedAt: updatedAt.UpdatedAt}
			_, err := postgres.DisableChannel(t.Context(), tx, seen, "gone", p.instant())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	path := "/api/v1/channels/" + c.ID.String()
	p.advance(1)
	disable(c)
	got := decoded[apiv1.ChannelWithSecret](t, p.send(t, "GET", path, nil).want(t, 200))
	if got.Enabled || got.DisabledReason == nil || *got.DisabledReason != "gone" {
		t.Errorf("got %+v, want it disabled with the reason", got)
	}
	p.send(t, "POST", path+"/test", nil).wantProblem(t, 409, "conflict")
	p.advance(1_000_000)
	got = decoded[apiv1.ChannelWithSecret](t, p.send(t, "PATCH", path, `{"enabled": true}`).want(t, 200))
	if !got.Enabled || got.DisabledReason != nil {
		t.Errorf("got %+v, want it enabled without a reason", got)
	}
	disable(c) // a failure of the channel as it was before the change
	if got = decoded[apiv1.ChannelWithSecret](t, p.send(t, "GET", path, nil).want(t, 200)); !got.Enabled {
		t.Error("a failure before the change disabled the changed channel")
	}
	p.send(t, "PATCH", path, `{"url": "nowhere"}`).wantProblem(t, 422, "invalid")
}

func TestChannelsAreBoundedAndPaged(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	var want []string
	for range maxChannels {
		want = append(want, decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201)).ID.String())
	}
	p.send(t, "POST", "/api/v1/channels", testWebhook).wantProblem(t, 409, "conflict")
	var got []string
	for cursor := ""; ; {
		part := decoded[apiv1.Page[apiv1.ChannelWithSecret]](t, p.send(t, "GET", "/api/v1/channels?limit=7&cursor="+cursor, nil).want(t, 200))
		for _, c := range part.Items {
			got = append(got, c.ID.String())
		}
		if cursor = part.NextCursor; cursor == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	p.send(t, "DELETE", "/api/v1/channels/"+want[0], nil).want(t, 204)
	p.send(t, "GET", "/api/v1/channels/"+want[0], nil).wantProblem(t, 404, "not_found")
	p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201)
}

func TestPushKey(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t, func(c *config) { c.VAPIDPublicKey = "BPublic" }).newPerson(t)
	got := decoded[struct {
		PublicKey string `json:"public_key"`
	}](t, p.send(t, "GET", "/api/v1/push-key", nil).want(t, 200))
	if got.PublicKey != "BPublic" {
		t.Errorf("got %q, want the configured key", got.PublicKey)
	}
	newTestAPI(t).newPerson(t).send(t, "GET", "/api/v1/push-key", nil).wantProblem(t, 404, "not_found")
}
