package account

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// NormalizeEmail returns an e-mail address as it is stored and compared: without the spaces around it, in lower case, and with
// the ASCII form of an international domain (RFC 5891), which is what mail servers know it by. It returns in words why an
// address with other letters before the @ is refused. Whether it is an address at all is not looked at.
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
