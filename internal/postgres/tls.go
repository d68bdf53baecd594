package postgres

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// explainTLS puts the reason before the error of a connection whose TLS failed, with the way out. It
// returns other errors unchanged.
func explainTLS(err error) error {
	reason := tlsReason(err, time.Now())
	if reason == "" {
		return err
	}
	return fmt.Errorf("%s: %w", reason, err)
}

func tlsReason(err error, now time.Time) string {
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("the certificate of the database is for %s and not for %s; write the certificate's name into DATABASE_URL, "+
			"or give the server a certificate for its name", names(wrong.Certificate), wrong.Host)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		when := "has expired on " + invalid.Cert.NotAfter.UTC().Format(time.DateOnly)
		if now.Before(invalid.Cert.NotBefore) {
			when = "is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.DateOnly)
		}
		return fmt.Sprintf("the certificate of the database %s; renew it on the server, or correct the clock of this machine, which has %s",
			when, now.UTC().Format(time.DateOnly))
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("no authority that is trusted here has signed the certificate of the database, but %q; "+
			"name its certificate in DATABASE_URL: sslrootcert=FILE", unknown.Cert.Issuer)
	}
	if err != nil && strings.Contains(err.Error(), "server refused TLS connection") { // pgx has no type for it
		return "the database has no TLS; switch it on at the server. sslmode=disable in DATABASE_URL does without, in a network that nobody else can read"
	}
	return ""
}

// names returns the names that a certificate is for.
func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	return strings.Join(all, ", ")
}
