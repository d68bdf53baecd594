// Package seal encrypts short secrets that the database has to give back, such as the signing secrets of
// webhooks. It uses AES-256-GCM of the standard library with a random nonce.
//
// A sealed text is
//
//	sealed:NAME:base64url(nonce, ciphertext, tag)
//
// NAME is the key's name. The purpose of the text and the id of its row are additional data, so that a
// sealed text works in its own row only. A text without the prefix is a secret in clear: every reader
// understands both forms.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	prefix = "sealed:"
	// Clear is the name of no key. As the first name of a list, it stores new secrets in clear.
	Clear = "clear"
	// keySize is the size of a key of AES-256 in bytes.
	keySize = 32
)

// Keys holds named keys. The first one seals, and all open. The zero value has none: it seals nothing.
type Keys struct {
	first string
	keys  map[string]cipher.AEAD
}

var name = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// ParseKeys reads a list such as "new:BASE64,old:BASE64". Each key has 32 bytes. The list may begin with
// clear, and then nothing is sealed. An empty list has no keys.
func ParseKeys(list string) (*Keys, error) {
	k := &Keys{keys: map[string]cipher.AEAD{}}
	if list == "" {
		return k, nil
	}
	for i, entry := range strings.Split(list, ",") {
		n, encoded, _ := strings.Cut(strings.TrimSpace(entry), ":")
		if i == 0 {
			k.first = n
		}
		if n == Clear {
			if i > 0 || encoded != "" {
				return nil, errors.New("clear stands at the beginning, and without a key")
			}
			continue
		}
		if !name.MatchString(n) {
			return nil, fmt.Errorf("entry %d: a name has 1 to 40 of a-z, 0-9 and -", i+1)
		}
		if k.keys[n] != nil {
			return nil, fmt.Errorf("the name %s stands twice", n)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("the key %s is not %d bytes in base64", n, keySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", n, err)
		}
		if k.keys[n], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("key %s: %w", n, err)
		}
	}
	return k, nil
}

// NewKey returns an entry of a list: a random key with a name of its own.
func NewKey() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return "k" + strings.ToLower(rand.Text()[:8]) + ":" + base64.StdEncoding.EncodeToString(key)
}

// Merge returns the list a with those entries of b whose names a lacks.
func Merge(a, b string) string {
	all, known := []string{}, map[string]bool{Clear: true}
	for i, entry := range strings.Split(a+","+b, ",") {
		n, _, _ := strings.Cut(strings.TrimSpace(entry), ":")
		if n != "" && (!known[n] || n == Clear && i == 0) {
			all, known[n] = append(all, strings.TrimSpace(entry)), true
		}
	}
	return strings.Join(all, ",")
}

// First returns the name of the key that seals, or Clear.
func (k *Keys) First() string {
	if k.first == "" {
		return Clear
	}
	return k.first
}

// Has reports whether the list has a key.
func (k *Keys) Has(name string) bool { return k.keys[name] != nil }

// Seal encrypts a text with the first key. use names the purpose of the text and its row. An empty text
// stays empty. Without a first key the text stays in clear.
func (k *Keys) Seal(text, use string) string {
	if text == "" || k.First() == Clear {
		return text
	}
	return prefix + k.first + ":" + base64.RawURLEncoding.EncodeToString(k.keys[k.first].Seal(nil, nil, []byte(text), []byte(use)))
}

// KeyOf returns the name of the key of a sealed text, and Clear for a text in clear.
func KeyOf(text string) string {
	sealed, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Clear
	}
	n, _, _ := strings.Cut(sealed, ":")
	return n
}

// MissingKeyError reports that a text was sealed with a key that the list lacks.
type MissingKeyError struct{ Name string }

func (e *MissingKeyError) Error() string { return "the list lacks the key " + e.Name }

// Open returns the text in clear. It returns a MissingKeyError for a text of an unknown key, and another
// error for a text that was changed or that belongs to another row.
func (k *Keys) Open(text, use string) (string, error) {
	n := KeyOf(text)
	if n == Clear {
		return text, nil
	}
	key := k.keys[n]
	if key == nil {
		return "", &MissingKeyError{n}
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, prefix+n+":"))
	if err != nil {
		return "", errors.New("open sealed text: it is not base64url")
	}
	clear, err := key.Open(nil, nil, raw, []byte(use))
	if err != nil {
		return "", fmt.Errorf("open sealed text with the key %s: %w", n, err)
	}
	return string(clear), nil
}
