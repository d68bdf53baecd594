package main

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"net/http"

	"taskmaster/internal/server"
)

// openAPI describes everything under /api/v1. It is written by hand, and tests hold every response
// to it.
//
//go:embed openapi.json
var openAPI []byte

// openAPIDocument answers with the OpenAPI document. It needs no account.
func openAPIDocument() server.Handler {
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(openAPI))
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "public, max-age=3600")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openAPI) // The caller may have gone away.
		return nil
	}
}
