package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	"taskmaster/internal/apiv1/openapi"
	"taskmaster/internal/server"
)

// openAPIDocument is the document in OpenAPI 3.1.
func openAPIDocument() ([]byte, error) { return openapi.Document, nil }

// document answers with a JSON document about this API. It needs no account.
func document(content func() ([]byte, error)) server.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		raw, err := content()
		if err != nil {
			return err
		}
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256(raw))
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "public, max-age=3600")
		if server.NoneMatch(r, tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw) // The caller may have gone away.
		return nil
	}
}
