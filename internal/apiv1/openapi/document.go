// Package openapi holds the OpenAPI document of the REST API. The document is written by hand in
// OpenAPI 3.1. A form in OpenAPI 3.0 and the content of a page for people are derived from it.
package openapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// Document is the OpenAPI 3.1 document of everything under /api/v1. Tests of api hold every
// response to it.
//
//go:embed openapi.json
var Document []byte

// Document30 returns the document in OpenAPI 3.0, for generators of clients that cannot read 3.1.
var Document30 = sync.OnceValues(func() ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(Document, &doc); err != nil {
		return nil, fmt.Errorf("parse openapi.json: %w", err)
	}
	downgrade(doc)
	return json.MarshalIndent(doc, "", "  ")
})
