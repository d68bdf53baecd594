package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate puts a new certificate for 127.0.0.1 into dir, and returns the configuration that names it and whoever
// believes in it.
func writeCertificate(t *testing.T, dir string) (config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config{TLSCertFile: filepath.Join(dir, "tls.crt"), TLSKeyFile: filepath.Join(dir, "tls.key")}
	for file, block := range map[string]*pem.Block{
		cfg.TLSCertFile: {Type: "CERTIFICATE", Bytes: der}, cfg.TLSKeyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cfg, pool
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	cfg, trusted := writeCertificate(t, t.TempDir())
	cfg.APIURLs = []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Proto"))
	})}
	e := start(t, cfg)
	e.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	t.Cleanup(e.client.CloseIdleConnections)

	res, err := e.client.Get(strings.Replace(e.url, "http:", "https:", 1) + "/api/v1/me")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || string(body) != "https" || res.ProtoMajor != 2 {
		t.Errorf("got %d in %s, and api was told %q", res.StatusCode, res.Proto, body)
	}
	if res, err := e.client.Get(e.url + "/healthz"); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: %v, %v; want a refusal", res, err)
	} else {
		_ = res.Body.Close()
	}
}

func TestUnusableCertificateIsNamed(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "tls.crt")
	e := start(t, config{TLSCertFile: missing, TLSKeyFile: missing})
	if err := <-e.done; err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("ended with %v, which does not name %s", err, missing)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	cfg, _ := writeCertificate(t, dir)
	var log bytes.Buffer
	c := &certificate{
		certFile: cfg.TLSCertFile, keyFile: cfg.TLSKeyFile, log: slog.New(slog.NewTextHandler(&log, nil)),
		now: func() time.Time { return now },
	}
	used := func() []byte {
		t.Helper()
		current, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return current.Certificate[0]
	}
	first := used()
	writeCertificate(t, dir)
	if !bytes.Equal(used(), first) {
		t.Error("the files are read for every connection")
	}
	now = now.Add(certificateAge)
	second := used()
	if bytes.Equal(second, first) {
		t.Error("a renewed certificate is not used")
	}
	if err := os.WriteFile(cfg.TLSCertFile, []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateAge)
	if !bytes.Equal(used(), second) {
		t.Error("the certificate is lost while its files cannot be used")
	}
	if !strings.Contains(log.String(), "keeping the old certificate") {
		t.Errorf("nobody is told: %s", log.String())
	}
}
