package account

import (
	"strings"
	"testing"
)

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ada@example.com":            "ada@example.com",
		" Ada@Example.com\t":         "ada@example.com",
		"ada@bücher.example":         "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":         "ada@xn--bcher-kva.example",
		"ada@xn--bcher-kva.example":  "ada@xn--bcher-kva.example",
		"ada@例え.テスト":                 "ada@xn--r8jz45g.xn--zckzah",
		"ädä@example.com":            "refused: before the @",
		"ada@\u200bb\u0000ü.example": "refused: domain",
		"not an address":             "not an address",
	} {
		got, refused := NormalizeEmail(address)
		if words, isRefused := strings.CutPrefix(want, "refused: "); isRefused {
			if !strings.Contains(refused, words) {
				t.Errorf("%q: got %q, refused %q, want it refused for %q", address, got, refused, words)
			}
		} else if got != want || refused != "" {
			t.Errorf("%q: got %q, refused %q, want %q", address, got, refused, want)
		}
	}
}
