package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// certificateFiles writes the certificate of a test server for 127.0.0.1 to files. It returns a
// configuration that names them and a pool that trusts the certificate.
func certificateFiles(t *testing.T) (config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg := config{TLSCertFile: filepath.Join(dir, "tls.crt"), TLSKeyFile: filepath.Join(dir, "tls.key")}
	for file, block := range map[string]*pem.Block{
		cfg.TLSCertFile: {Type: "CERTIFICATE", Bytes: server.Certificate().Raw}, cfg.TLSKeyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return cfg, pool
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	cfg, trusted := certificateFiles(t)
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
		t.Errorf("got %d in %s, and the API got X-Forwarded-Proto %q", res.StatusCode, res.Proto, body)
	}
	if res, err := e.client.Get(e.url + "/healthz"); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: %v, %v; want a refusal", res, err)
	} else {
		_ = res.Body.Close()
	}
}
