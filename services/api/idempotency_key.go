package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// maxIdempotencyKey is the longest accepted key, in bytes.
const maxIdempotencyKey = 200

// idempotencyKey is the Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header),
// with its caller and a hash of the request.
type idempotencyKey struct {
	caller caller
	key    string
	hash   []byte
}

// newIdempotencyKey returns the key of a POST or PATCH request. It returns nil for a request without
// one, and for other methods.
func newIdempotencyKey(r *http.Request, c caller, body []byte) (*idempotencyKey, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost && r.Method != http.MethodPatch {
		return nil, nil
	}
	if len(key) > maxIdempotencyKey {
		return nil, task.Invalid("Idempotency-Key", fmt.Sprintf("is longer than %d bytes", maxIdempotencyKey))
	}
	for _, b := range []byte(key) {
		if b < 0x20 || b > 0x7e {
			return nil, task.Invalid("Idempotency-Key", "has a character that is not printable ASCII")
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", r.Method, r.URL.RequestURI())
	h.Write(body)
	return &idempotencyKey{caller: c, key: key, hash: h.Sum(nil)}, nil
}

// find takes the key, or returns the stored answer of the request that took it before. It waits for
// a concurrent request with the same key.
func (k *idempotencyKey) find(ctx context.Context, tx pgx.Tx, now time.Time) (rawAnswer, bool, error) {
	stored, found, err := postgres.TakeIdempotencyKey(ctx, tx, k.caller.UserID, k.key, k.hash, now)
	if err != nil || !found {
		return rawAnswer{}, false, err
	}
	out := rawAnswer{Status: stored.Status, Header: stored.Header, Body: stored.Body}
	if out.Header == nil {
		out.Header = map[string]string{}
	}
	out.Header["Idempotency-Replayed"] = "true"
	return out, true, nil
}

// store stores the answer to repeated requests.
func (k *idempotencyKey) store(ctx context.Context, tx pgx.Tx, out rawAnswer) error {
	return postgres.StoreAnswer(ctx, tx, k.caller.UserID, k.key, postgres.StoredAnswer{Status: out.Status, Header: out.Header, Body: out.Body})
}
