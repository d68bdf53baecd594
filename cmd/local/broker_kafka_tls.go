package main

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

// A certificate is valid this long, and replaced at the first start after half of it.
const certificateLife = 2 * 365 * 24 * time.Hour

// caFile is what clients trust, certificateFile what the broker shows: its key and its certificate.
func caFile(dir string) string          { return filepath.Join(dir, "ca.crt") }
func certificateFile(dir string) string { return filepath.Join(dir, "server.pem") }

// ensureCertificate makes sure that the folder has a certificate for 127.0.0.1 and the authority that signed it.
func ensureCertificate(dir string) error {
	if certificateHolds(dir, time.Now().Add(certificateLife/2)) {
		return nil
	}
	ca, server, err := makeCertificate(time.Now())
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(caFile(dir), ca, 0o600), os.WriteFile(certificateFile(dir), server, 0o600))
}

// certificateHolds says whether clients will accept the broker at a time.
func certificateHolds(dir string, at time.Time) bool {
	ca, err := os.ReadFile(caFile(dir))
	if err != nil {
		return false
	}
	server, err := os.ReadFile(certificateFile(dir))
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	_, rest := pem.Decode(server) // the key
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

// makeCertificate returns an authority's certificate and a broker's key and certificate. The authority's key is not kept:
// nothing else can be signed with it.
func makeCertificate(now time.Time) (ca, server []byte, err error) {
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
