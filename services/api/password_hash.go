package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"taskmaster/internal/task"
)

// argonCost is the cost of one argon2id hash. Memory is in KiB.
type argonCost struct {
	memory, time uint32
	threads      uint8
}

// passwordCost is the first choice of OWASP for argon2id: 19 MiB, two passes, one thread.
var passwordCost = argonCost{memory: 19 << 10, time: 2, threads: 1}

const (
	saltLen = 16
	hashLen = 32
	// waitingHashes is the number of callers that may wait to hash. A hash takes about 30 ms, so
	// the last of them waits half a second on one core.
	waitingHashes = 16
	// waitingFirst is the number of callers that may wait and go first.
	waitingFirst = 8
)

// hasher hashes and checks passwords. That is slow and takes memory by design, so only a few run at
// a time. A caller is admitted before any other work is done for it. A storm of logins is therefore
// refused at once, and leaves the database and the processors to other requests.
type hasher struct {
	cost argonCost
	// admitted limits the callers that hash or wait, and hashing the callers that hash.
	admitted, hashing *semaphore.Weighted
	// next limits the callers that wait for hashing. The others wait for next, so that a caller of
	// first waits for one hash at most. It is nil in first.
	next *semaphore.Weighted
	// first is the hasher of callers that have logged in before: known devices and sessions. It has
	// places of its own. It is nil in first itself.
	first *hasher
	// decoy is the hash of no password. A check against it takes as long as one against a user's
	// hash.
	decoy string
}

func newHasher(cost argonCost) *hasher {
	parallel := int64(runtime.GOMAXPROCS(0))
	h := &hasher{
		cost:     cost,
		admitted: semaphore.NewWeighted(parallel + waitingHashes),
		hashing:  semaphore.NewWeighted(parallel),
		next:     semaphore.NewWeighted(parallel),
		decoy:    encodeHash(cost, randomBytes(saltLen), randomBytes(hashLen)),
	}
	h.first = &hasher{cost: cost, admitted: semaphore.NewWeighted(parallel + waitingFirst), hashing: h.hashing, decoy: h.decoy}
	return h
}

// admit reserves the right to call hash and verify. The caller calls leave when it is done. admit
// returns code unavailable at once when too many callers are admitted.
func (h *hasher) admit() (leave func(), err error) {
	if !h.admitted.TryAcquire(1) {
		return nil, task.RetryLater(task.CodeUnavailable, time.Second, "too many people are logging in, try again shortly")
	}
	return func() { h.admitted.Release(1) }, nil
}

// hash returns the argon2id hash of a password in PHC form. The caller has been admitted.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := randomBytes(saltLen)
	key, err := h.key(ctx, h.cost, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt, key), nil
}

// verify reports whether password belongs to an encoded hash of any cost. The caller has been
// admitted.
func (h *hasher) verify(ctx context.Context, password, encoded string) (bool, error) {
	cost, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, err
	}
	got, err := h.key(ctx, cost, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// outdated reports whether a hash has another cost than new hashes.
func (h *hasher) outdated(encoded string) bool {
	cost, _, _, err := decodeHash(encoded)
	return err != nil || cost != h.cost
}

func (h *hasher) key(ctx context.Context, cost argonCost, password string, salt []byte) ([]byte, error) {
	if h.next != nil {
		if err := h.next.Acquire(ctx, 1); err != nil {
			return nil, fmt.Errorf("wait to hash a password: %w", err)
		}
		defer h.next.Release(1)
	}
	if err := h.hashing.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait to hash a password: %w", err)
	}
	defer h.hashing.Release(1)
	return argon2.IDKey([]byte(password), salt, cost.time, cost.memory, cost.threads, hashLen), nil
}

// phc is the format of https://github.com/P-H-C/phc-string-format up to the salt.
const phc = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

func encodeHash(c argonCost, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(phc, argon2.Version, c.memory, c.time, c.threads) + b64(salt) + "$" + b64(key)
}

func decodeHash(encoded string) (c argonCost, salt, key []byte, err error) {
	// The hash must not appear in an error, because errors are logged.
	var version int
	if _, err := fmt.Sscanf(encoded, phc, &version, &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, fmt.Errorf("decode password hash: %w", err)
	}
	parts := strings.Split(encoded, "$")
	if version != argon2.Version || c.time < 1 || c.threads < 1 || len(parts) != 6 {
		return c, nil, nil, fmt.Errorf("decode password hash: unknown version %d with %d parts", version, len(parts))
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("decode password hash: salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return c, nil, nil, fmt.Errorf("decode password hash: key: %w", err)
	}
	return c, salt, key, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
