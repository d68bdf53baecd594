package embedded

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/internal/backoff"
)

// jar returns a jar file with the file of testdata.
func jar(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	file, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDownloadTriesAgain(t *testing.T) {
	t.Parallel()
	pause := backoff.Policy{Min: time.Millisecond, Max: time.Millisecond}
	sum := sha256.Sum256([]byte("archive"))
	checksum := hex.EncodeToString(sum[:])
	for name, c := range map[string]struct {
		failures int32
		failure  http.HandlerFunc
		want     string // part of the error
	}{
		"works":             {},
		"unavailable once":  {1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, ""},
		"damaged once":      {1, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("archiv")) }, ""},
		"damaged always":    {fetchAttempts, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("other")) }, "the checksum is wrong"},
		"unavailable again": {fetchAttempts, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) <= c.failures {
					c.failure(w, r)
					return
				}
				_, _ = w.Write([]byte("archive"))
			}))
			defer server.Close()
			got, err := download(t.Context(), server.URL, checksum, pause)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got error %v, want one with %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != "archive" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestExtract(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "programs")
	if err := extract(jar(t, "programs.txz"), dir); err != nil {
		t.Fatal(err)
	}
	if got := programMajor(t.Context(), filepath.Join(dir, "bin")); got != fetchMajor {
		t.Errorf("the programs have version %d, want %d", got, fetchMajor)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "share", "postgresql", "readme.txt")); err != nil || string(text) != "text\n" {
		t.Errorf("read %q, %v", text, err)
	}
}

// An archive cannot create files outside its folder.
func TestExtractStaysInItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := extract(jar(t, "outside.txz"), filepath.Join(dir, "programs")); err == nil {
		t.Error("extracted a file outside the folder")
	}
	if _, err := os.Stat(filepath.Join(dir, "outside")); err == nil {
		t.Error("the file is outside the folder")
	}
}
