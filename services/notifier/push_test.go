package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/postgres"
)

// browser is a browser with a push subscription, together with its push service.
type browser struct {
	*httptest.Server
	key  *ecdh.PrivateKey
	auth []byte
	mu   sync.Mutex
	got  []pushed
}

type pushed struct {
	header http.Header
	body   []byte
}

// newBrowser returns a browser whose push service answers the nth message (from 0) with a status.
// Without answer it answers 201.
func newBrowser(t *testing.T, answer func(n int) int) *browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{key: key, auth: []byte("sixteen bytes!!!")}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read push message: %v", err)
		}
		b.mu.Lock()
		n := len(b.got)
		b.got = append(b.got, pushed{r.Header, body})
		b.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.WriteHeader(answer(n))
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *browser) messages() []pushed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]pushed(nil), b.got...)
}

func (b *browser) channel() postgres.Channel {
	return postgres.Channel{Kind: postgres.ChannelWebPush, Subscription: &postgres.Subscription{
		Endpoint: b.URL + "/push/topsecret",
		Keys: postgres.SubscriptionKeys{
			P256dh: base64.RawURLEncoding.EncodeToString(b.key.PublicKey().Bytes()),
			Auth:   base64.RawURLEncoding.EncodeToString(b.auth),
		},
	}}
}

// decrypt decrypts a message like a browser (RFC 8291): one aes128gcm record (RFC 8188) under keys
// from ECDH and the subscription's secret.
func (b *browser) decrypt(body []byte) ([]byte, error) {
	if len(body) < 21+65 || body[20] != 65 || binary.BigEndian.Uint32(body[16:20]) < uint32(len(body)-86) {
		return nil, errors.New("the header is not that of one record with a public key")
	}
	salt, sender, record := body[:16], body[21:86], body[86:]
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := b.key.ECDH(public)
	if err != nil {
		return nil, err
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		key, e := hkdf.Key(sha256.New, secret, salt, info, n)
		err = errors.Join(err, e)
		return key
	}
	ikm := derive(shared, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(sender), 32)
	key := derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce := derive(ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	padded, err := aead.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	content, ok := bytes.CutSuffix(bytes.TrimRight(padded, "\x00"), []byte{2})
	if !ok {
		return nil, errors.New("the record is not the last")
	}
	return content, nil
}

// vapid returns the key and the claims of an Authorization header (RFC 8292). It checks the
// signature with the key.
func vapid(header string) (key string, claims map[string]any, err error) {
	token, key, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return "", nil, errors.New("it is not a VAPID header: " + header)
	}
	decode := func(s string) []byte {
		raw, e := base64.RawURLEncoding.DecodeString(s)
		err = errors.Join(err, e)
		return raw
	}
	point, signature, payload := decode(key), decode(parts[2]), decode(parts[1])
	if err != nil || len(signature) != 64 {
		return "", nil, errors.Join(err, errors.New("it is not base64url of the right length"))
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return "", nil, errors.New("the signature is not valid")
	}
	return key, claims, json.Unmarshal(payload, &claims)
}

// withPush sets new VAPID keys for the test.
func withPush(t *testing.T) func(*config) {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	return func(c *config) {
		c.VAPIDPrivateKey, c.VAPIDPublicKey, c.VAPIDSubject = private, public, "mailto:ops@example.com"
		c.PublicURL = "https://tasks.example.com/"
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	f, screen, push := newFixture(t), newBrowser(t, nil), withPush(t)
	f.addChannel(t, screen.channel())
	e := f.reminder(t, f.user, strings.Repeat("ä<", 250))
	f.start(t, testTiming, push).want(t, e)
	d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]

	messages := screen.messages()
	if len(messages) != 1 {
		t.Fatalf("got %d messages, want 1", len(messages))
	}
	content, err := screen.decrypt(messages[0].body)
	if err != nil {
		t.Fatal(err)
	}
	var got pushMessage
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	tag := base64.RawURLEncoding.EncodeToString(d.ID[:])
	want := pushMessage{
		Title: strings.Repeat("ä<", 99) + "ä…", Body: "Due Tue 10 Feb 2026 16:00 CET", TaskID: e.Data.TaskID.String(), Tag: tag,
		URL: "https://tasks.example.com/task/" + e.Data.TaskID.String(), Account: f.user.String(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the message differs (-want +got):\n%s", diff)
	}
	h := messages[0].header
	for name, want := range map[string]string{"Topic": tag, "Ttl": "86400", "Content-Encoding": "aes128gcm", "Urgency": "high"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}

	var cfg config
	push(&cfg)
	key, claims, err := vapid(h.Get("Authorization"))
	if err != nil {
		t.Fatal(err)
	}
	if key != cfg.VAPIDPublicKey {
		t.Errorf("got key %s, want the server's %s", key, cfg.VAPIDPublicKey)
	}
	if claims["aud"] != screen.URL || claims["sub"] != "mailto:ops@example.com" {
		t.Errorf("got claims %v, want those of the server for %s", claims, screen.URL)
	}
	if expires, _ := claims["exp"].(float64); expires > float64(time.Now().Add(24*time.Hour).Unix()) {
		t.Errorf("the claims expire at %v, want within a day", expires)
	}
}

func TestPushAnswers(t *testing.T) {
	t.Parallel()
	always := func(status int) func(int) int { return func(int) int { return status } }
	for name, tt := range map[string]struct {
		answer   func(n int) int
		state    string
		attempts int
		enabled  bool
		reason   string
	}{
		"gone":      {always(http.StatusGone), postgres.DeliveryGivenUp, 1, false, "the browser's subscription is over"},
		"not found": {always(http.StatusNotFound), postgres.DeliveryGivenUp, 1, false, "the browser's subscription is over"},
		"too large": {always(http.StatusRequestEntityTooLarge), postgres.DeliveryGivenUp, 1, true, "it answered 413 Request Entity Too Large"},
		"down":      {always(http.StatusBadGateway), postgres.DeliveryGivenUp, 3, true, "it answered 502 Bad Gateway"},
		"busy": {func(n int) int {
			if n == 0 {
				return http.StatusTooManyRequests
			}
			return http.StatusCreated
		}, postgres.DeliverySent, 2, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, screen := newFixture(t), newBrowser(t, tt.answer)
			c := f.addChannel(t, screen.channel())
			f.start(t, testTiming, withPush(t)).want(t, f.reminder(t, f.user, "x"))
			d := f.settled(t, f.user, 1, tt.state)[0]
			c = f.channel(t, c)
			if d.Attempts != tt.attempts || d.Reason != tt.reason || c.Enabled != tt.enabled {
				t.Errorf("got %q after %d attempts, channel enabled: %v", d.Reason, d.Attempts, c.Enabled)
			}
			if !tt.enabled && c.DisabledReason != tt.reason {
				t.Errorf("got disabled_reason %q, want %q", c.DisabledReason, tt.reason)
			}
		})
	}
}

func TestBrokenSubscription(t *testing.T) {
	t.Parallel()
	f, screen := newFixture(t), newBrowser(t, nil)
	c := screen.channel()
	c.Subscription.Keys.P256dh = "AAAA"
	f.addChannel(t, c)
	f.start(t, testTiming, withPush(t)).want(t, f.reminder(t, f.user, "x"))
	if d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]; d.Reason != "its keys are broken" {
		t.Errorf("got %q", d.Reason)
	}
}

func TestVAPIDKeysAreAPair(t *testing.T) {
	t.Parallel()
	var one, other config
	withPush(t)(&one)
	withPush(t)(&other)
	for name, tt := range map[string]struct {
		public, private string
		ok              bool
	}{
		"a pair":       {one.VAPIDPublicKey, one.VAPIDPrivateKey, true},
		"padded":       {one.VAPIDPublicKey + "=", one.VAPIDPrivateKey + "=", true},
		"of another":   {other.VAPIDPublicKey, one.VAPIDPrivateKey, false},
		"not a key":    {one.VAPIDPublicKey, "AAAA", false},
		"not base64":   {one.VAPIDPublicKey, "!", false},
		"zero":         {one.VAPIDPublicKey, base64.RawURLEncoding.EncodeToString(make([]byte, 32)), false},
		"interchanged": {one.VAPIDPrivateKey, one.VAPIDPublicKey, false},
	} {
		if err := checkVAPID(tt.public, tt.private); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want ok: %v", name, err, tt.ok)
		}
	}
}
