package main

import (
	"net/http"
	"sync"

	"taskmaster/internal/apiv1/openapi"
)

// docsPage is the content of the description of the API.
var docsPage = sync.OnceValues(openapi.NewPage)

// docs shows the OpenAPI document to people. It needs no account and no script.
func (s *service) docs(w http.ResponseWriter, _ *http.Request) error {
	content, err := docsPage()
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	return s.part(w, "docs", content)
}
