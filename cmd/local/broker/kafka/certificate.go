package kafka

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long a certificate is valid. The first start after half of it replaces the
// certificate, so that it does not expire while Kafka runs.
const certificateLife = 2 * 365 * 24 * time.Hour

// caFile returns the file of the authority that clients trust.
func caFile(dir string) string { return filepath.Join(dir, "ca.crt") }

// certificateFile returns the file with the broker's key and certificate.
func certificateFile(dir string) string { return filepath.Join(dir, "server.pem") }

// ensureCertificate creates a certificate for 127.0.0.1 and the authority that signed it, unless the
// folder has one that is valid for long enough.
func ensureCertificate(dir string) error {
	if certificateValid(dir, time.Now().Add(certificateLife/2)) {
		return nil
	}
	ca, server, err := newCertificate(time.Now())
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(caFile(dir), ca, 0o600), os.WriteFile(certificateFile(dir), server, 0o600))
}

// certificateValid reports whether clients accept the broker's certificate at a time.
func certificateValid(dir string, at time.Time) bool {
	ca, err := os.ReadFile(caFile(dir))
	if err != nil {
		return false
	}
	server, err := os.ReadFile(certificateFile(dir))
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	_, rest := pem.Decode(server) // skips the key
	block, _ := pem.Decode(rest)
	if !roots.AppendCertsFromPEM(ca) || block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false
	}
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, DNSName: "127.0.0.1"})
	return err == nil
}

// newCertificate returns an authority's certificate, and a broker's key and certificate. It discards
// the authority's key, so that nothing else can be signed with it.
func newCertificate(now time.Time) (ca, server []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	authority := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "TaskMaster, this machine"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, nil, err
	}
	if authority, err = x509.ParseCertificate(caDER); err != nil {
		return nil, nil, err
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, caKey)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: keyDER}, {Type: "CERTIFICATE", Bytes: leafDER}} {
		if err := pem.Encode(&b, block); err != nil {
			return nil, nil, err
		}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), b.Bytes(), nil
}
