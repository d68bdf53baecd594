package seal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"taskmaster/internal/seal"
)

func keys(t *testing.T, list string) *seal.Keys {
	t.Helper()
	k, err := seal.ParseKeys(list)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func nameOf(entry string) string {
	name, _, _ := strings.Cut(entry, ":")
	return name
}

// TestSeal rotates keys: a new key in front seals, and the old one still opens.
func TestSeal(t *testing.T) {
	t.Parallel()
	old, renewed := seal.NewKey(), seal.NewKey()
	const text, use = "whsec_c2VjcmV0", "secret of a row"
	before := keys(t, old).Seal(text, use)
	if strings.Contains(before, "c2VjcmV0") || seal.KeyOf(before) != nameOf(old) || before == keys(t, old).Seal(text, use) {
		t.Errorf("got %s, want a new ciphertext with the name of its key", before)
	}
	both := keys(t, renewed+", "+old)
	after := both.Seal(text, use)
	if seal.KeyOf(after) != nameOf(renewed) || both.First() != nameOf(renewed) {
		t.Errorf("got %s, want it sealed with the first key", after)
	}
	for _, sealed := range []string{before, after, text} {
		if got, err := both.Open(sealed, use); err != nil || got != text {
			t.Errorf("%s: got %q, %v, want the text", sealed, got, err)
		}
	}
	var missing *seal.MissingKeyError
	if _, err := keys(t, old).Open(after, use); !errors.As(err, &missing) || missing.Name != nameOf(renewed) || both.Has("other") {
		t.Errorf("without the key: got %v, want its name", err)
	}
	if _, err := both.Open(after, "secret of another row"); err == nil || errors.As(err, &missing) {
		t.Errorf("another row opens the text: %v", err)
	}
	for i := range after {
		changed := after[:i] + string(after[i]^1) + after[i+1:]
		if got, err := both.Open(changed, use); err == nil && got == text {
			t.Errorf("a changed text opens: %s", changed)
		}
	}
}

// TestNoKeys leaves texts in clear, without keys and with clear in front.
func TestNoKeys(t *testing.T) {
	t.Parallel()
	entry := seal.NewKey()
	sealed := keys(t, entry).Seal("text", "use")
	for _, list := range []string{"", "clear", "clear," + entry} {
		k := keys(t, list)
		if got := k.Seal("text", "use"); got != "text" || k.First() != seal.Clear {
			t.Errorf("%q: got %q, want the text in clear", list, got)
		}
		if got, err := k.Open(sealed, "use"); (err == nil) != k.Has(nameOf(entry)) || err == nil && got != "text" {
			t.Errorf("%q: got %q, %v", list, got, err)
		}
	}
	if got := keys(t, entry).Seal("", "use"); got != "" {
		t.Errorf("got %q, want that no secret stays none", got)
	}
}

// TestKeysAreChecked refuses lists with a mistake. No error shows a key.
func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	entry := seal.NewKey()
	_, key, _ := strings.Cut(entry, ":")
	for _, list := range []string{key, "a:" + key[1:], "a:" + key + "A", "A b:" + key, entry + "," + entry, entry + ",clear", "clear:" + key, ",", entry + ","} {
		_, err := seal.ParseKeys(list)
		if err == nil || strings.Contains(fmt.Sprint(err), key[1:20]) {
			t.Errorf("%s: got error %v, want one without the key", list, err)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"a:1,b:2", "b:3,c:4", "a:1,b:2,c:4"}, {"", "a:1", "a:1"}, {"a:1", "", "a:1"}, {"clear,a:1", "clear,b:2", "clear,a:1,b:2"}, {"a:1", "clear,b:2", "a:1,b:2"}, {"", "", ""},
	} {
		if got := seal.Merge(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%q and %q: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
