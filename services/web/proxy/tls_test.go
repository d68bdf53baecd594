package proxy

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/testkit"
)

// writeCertificate writes a new certificate for 127.0.0.1 and its key into dir. It returns the files.
func writeCertificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	cert, key := testkit.NewAuthority(t).Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, content := range map[string][]byte{certFile: cert, keyFile: key} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestUnusableCertificateIsNamed(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "tls.crt")
	if _, err := ListenTLS(nil, missing, missing, slog.New(slog.DiscardHandler), time.Now); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v, want an error that names %s", err, missing)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	certFile, keyFile := writeCertificate(t, dir)
	var log bytes.Buffer
	c := &certificate{
		certFile: certFile, keyFile: keyFile, log: slog.New(slog.NewTextHandler(&log, nil)),
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
		t.Error("the files were read again before certificateAge had passed")
	}
	now = now.Add(certificateAge)
	second := used()
	if bytes.Equal(second, first) {
		t.Error("a renewed certificate is not used")
	}
	if err := os.WriteFile(certFile, []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateAge)
	if !bytes.Equal(used(), second) {
		t.Error("the old certificate was dropped while the files were invalid")
	}
	if !strings.Contains(log.String(), "certificate reload failed") {
		t.Errorf("the failure is not logged: %s", log.String())
	}
}
