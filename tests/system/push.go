package system

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// PushService is a browser vendor's push service together with its browsers. It decrypts messages
// (RFC 8291), which only the browser could.
type PushService struct {
	Inbox Inbox[Notification]

	server *httptest.Server
	mu     sync.Mutex
	keys   map[string]browser // by path
}

// browser holds the secret part of a subscription.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

// ReceivePush starts a push service.
func ReceivePush() *PushService {
	p := &PushService{keys: map[string]browser{}}
	p.server = httptest.NewServer(http.HandlerFunc(p.receive))
	return p
}

// Close stops the push service.
func (p *PushService) Close() { p.server.Close() }

// Channel subscribes a new browser of a person and returns the path of its endpoint.
func (p *PushService) Channel(ctx context.Context, person *Person) (path string, err error) {
	path, subscription, err := p.Subscribe()
	if err != nil {
		return "", err
	}
	return path, person.Do(ctx, "POST", "/channels", map[string]any{"kind": "web_push", "subscription": subscription}, nil)
}

// Subscribe returns a new subscription, in the format of PushSubscription.toJSON, and the path of
// its endpoint.
func (p *PushService) Subscribe() (path string, subscription map[string]any, err error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	b := browser{key: key, auth: make([]byte, 16)}
	_, _ = rand.Read(b.auth) // never fails
	path = "/push/" + rand.Text()
	p.mu.Lock()
	p.keys[path] = b
	p.mu.Unlock()
	encode := base64.RawURLEncoding.EncodeToString
	return path, map[string]any{
		"endpoint": p.server.URL + path,
		"keys":     map[string]string{"p256dh": encode(key.PublicKey().Bytes()), "auth": encode(b.auth)},
	}, nil
}

func (p *PushService) receive(w http.ResponseWriter, r *http.Request) {
	n := Notification{ID: r.Header.Get("Topic"), To: r.URL.Path, Header: r.Header, Arrived: time.Now()}
	p.mu.Lock()
	b, ok := p.keys[r.URL.Path]
	p.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, err := b.open(r)
	n.Text, n.Err = string(text), err
	var content struct {
		TaskID string `json:"task_id"`
	}
	if err := json.Unmarshal(text, &content); err != nil && n.Err == nil {
		n.Err = err
	}
	n.TaskID = content.TaskID
	p.Inbox.Add(n)
	w.WriteHeader(http.StatusCreated)
}

// open checks a push message's headers (RFC 8030, RFC 8292) and decrypts it (RFC 8188, RFC 8291).
func (b browser) open(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Method != http.MethodPost:
		return nil, fmt.Errorf("method %s", r.Method)
	case r.Header.Get("Content-Encoding") != "aes128gcm":
		return nil, fmt.Errorf("content encoding %q", r.Header.Get("Content-Encoding"))
	case r.Header.Get("TTL") == "":
		return nil, errors.New("no TTL")
	case !strings.HasPrefix(r.Header.Get("Authorization"), "vapid t="):
		return nil, fmt.Errorf("authorization scheme of %.10q", r.Header.Get("Authorization"))
	}
	// RFC 8188 section 2.1: salt (16), record size (4), key id length (1), key id. RFC 8291: the id
	// is a public key.
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, fmt.Errorf("body of %d bytes has no header", len(body))
	}
	salt, size, id, record := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if uint64(len(record)) > uint64(size) {
		return nil, errors.New("more than one record")
	}
	sender, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		return nil, fmt.Errorf("sender's key: %w", err)
	}
	shared, err := b.key.ECDH(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(b.key.PublicKey().Bytes()) + string(id)
	secret, err := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	if err != nil {
		return nil, err
	}
	return decryptRecord(secret, salt, record)
}

// decryptRecord decrypts the only record of an aes128gcm body.
func decryptRecord(secret, salt, record []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: nonce\x00", 12)
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
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	text := strings.TrimRight(string(padded), "\x00")
	if !strings.HasSuffix(text, "\x02") { // the delimiter of the last record
		return nil, errors.New("the record is not delimited")
	}
	return []byte(strings.TrimSuffix(text, "\x02")), nil
}
