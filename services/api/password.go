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

	"taskmaster/internal/task"
)

// argonCost is what one argon2id hash takes. Memory is in KiB.
type argonCost struct {
	memory, time uint32
	threads      uint8
}

// passwordCost is OWASP's first choice for argon2id: 19 MiB, two passes, one thread.
var passwordCost = argonCost{memory: 19 << 10, time: 2, threads: 1}

const (
	saltLen = 16
	hashLen = 32
	// waitingHashes is how many callers may wait for their turn; at some 30 ms a hash the last waits half a second on one core.
	waitingHashes = 16
)

// hasher hashes and checks passwords, which is made to be slow and to take memory, so only a few at a time. Whoever needs
// it is admitted first, before anything else is done for them: a storm of logins is refused at once when as many wait as
// can be served soon, and leaves the database and the processors' other time to the rest.
type hasher struct {
	cost argonCost
	// admitted holds those that hash or wait, hashing those that hash.
	admitted, hashing chan struct{}
	// decoy is the hash of no password. To check against it takes as long as against a user's.
	decoy string
}

func newHasher(cost argonCost) *hasher {
	places := runtime.GOMAXPROCS(0)
	return &hasher{
		cost:     cost,
		admitted: make(chan struct{}, places+waitingHashes),
		hashing:  make(chan struct{}, places),
		decoy:    encodeHash(cost, randomBytes(saltLen), randomBytes(hashLen)),
	}
}

// admit lets a caller in, who calls leave when done with hash and verify. Code unavailable, at once, when too many are in.
func (h *hasher) admit() (leave func(), err error) {
	select {
	case h.admitted <- struct{}{}:
		return func() { <-h.admitted }, nil
	default:
		return nil, task.RetryLater(task.CodeUnavailable, time.Second, "too many people are logging in, try again shortly")
	}
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

// verify says whether a password is the one that was hashed, at whatever cost. The caller has been admitted.
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

// outdated says whether a hash was made at another cost than today's.
func (h *hasher) outdated(encoded string) bool {
	cost, _, _, err := decodeHash(encoded)
	return err != nil || cost != h.cost
}

func (h *hasher) key(ctx context.Context, cost argonCost, password string, salt []byte) ([]byte, error) {
	select {
	case h.hashing <- struct{}{}:
		defer func() { <-h.hashing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(password), salt, cost.time, cost.memory, cost.threads, hashLen), nil
}

// phc is the form of https://github.com/P-H-C/phc-string-format up to the salt.
const phc = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

func encodeHash(c argonCost, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(phc, argon2.Version, c.memory, c.time, c.threads) + b64(salt) + "$" + b64(key)
}

func decodeHash(encoded string) (c argonCost, salt, key []byte, err error) {
	// The hash itself never goes into an error: errors are logged.
	var version int
	if _, err := fmt.Sscanf(encoded, phc, &version, &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, fmt.Errorf("decode password hash: %w", err)
	}
	parts := strings.Split(encoded, "$")
	if version != argon2.Version || c.time < 1 || c.threads < 1 || len(parts) != 6 {
		return c, nil, nil, fmt.Errorf("decode password hash: version %d with %d parts is not known", version, len(parts))
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
