package account

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// NormalizeEmail returns an e-mail address in the form in which it is stored and compared. That
// form has no surrounding spaces and is in lower case. An international domain is in its ASCII form
// (RFC 5891), which mail servers use. If the local part has letters outside ASCII, it returns a
// reason in words. It does not check the rest of the address.
func NormalizeEmail(address string) (normal, refused string) {
	address = strings.ToLower(strings.TrimSpace(address))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	local, domain := address[:at], address[at+1:]
	if strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return address, "has letters before the @ that most mail servers refuse: only a to z, digits and signs are accepted there"
	}
	if !strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) {
		return address, ""
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return address, "has a domain that cannot exist"
	}
	return local + "@" + ascii, ""
}
