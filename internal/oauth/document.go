package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits of the documents of clients.
const (
	// maxDocument is the largest document in bytes.
	maxDocument = 5 << 10
	// documentTimeout limits the time of one request for a document. The person waits for it.
	documentTimeout = 5 * time.Second
	// documentsAtOnce is the number of documents that are fetched at a time. Strangers name their
	// addresses.
	documentsAtOnce = 4
	// documentKept is how long a document is not fetched again.
	documentKept = time.Hour
	// documentsKept is the number of documents in memory.
	documentsKept = 1000
)

// IsDocumentURL reports whether a client id is the URL of a document (Client ID Metadata Document,
// section 3): https, a host, a path without dots, no user and no fragment.
func IsDocumentURL(id string) bool {
	u, err := url.Parse(id)
	return err == nil && len(id) <= maxRedirect && u.Scheme == "https" && checkRedirect(id) == "" && len(u.Path) > 1 &&
		!strings.Contains(u.Path+"/", "/./") && !strings.Contains(u.Path+"/", "/../") && u.String() == id
}

// Documents fetches the documents of clients and keeps them for a while.
type Documents struct {
	http *http.Client
	now  func() time.Time
	busy chan struct{}

	mu   sync.Mutex
	kept map[string]document
}

type document struct {
	client Client
	until  time.Time
}

// NewDocuments returns Documents that are fetched by a client. The client must refuse addresses inside
// our network and must follow no redirect.
func NewDocuments(client *http.Client, now func() time.Time) *Documents {
	return &Documents{http: client, now: now, busy: make(chan struct{}, documentsAtOnce), kept: map[string]document{}}
}

// Client returns the client whose id is the URL of a document. The error is in words for a person.
func (d *Documents) Client(ctx context.Context, id string) (Client, error) {
	d.mu.Lock()
	found, ok := d.kept[id]
	d.mu.Unlock()
	if ok && found.until.After(d.now()) {
		return found.client, nil
	}
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	select {
	case d.busy <- struct{}{}:
		defer func() { <-d.busy }()
	case <-ctx.Done():
		return Client{}, &UnsafeError{"too many clients are connected at once, try again shortly"}
	}
	body, err := d.fetch(ctx, id)
	if err != nil {
		return Client{}, &UnsafeError{"the description of the client cannot be fetched from " + PlaceOf(id).Host}
	}
	c, err := parseDocument(id, body)
	if err != nil {
		return Client{}, &UnsafeError{"the description of the client at " + PlaceOf(id).Host + " is wrong: " + err.Error()}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= documentsKept {
		clear(d.kept)
	}
	d.kept[id] = document{c, d.now().Add(documentKept)}
	return c, nil
}

func (d *Documents) fetch(ctx context.Context, id string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request for a document: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "TaskMaster")
	res, err := d.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch a document: %w", err)
	}
	defer res.Body.Close()
	mediaType, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch a document: got %s of type %q", res.Status, mediaType)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	if err != nil || len(body) > maxDocument {
		return nil, fmt.Errorf("read a document of %d bytes or more: %w", len(body), err)
	}
	return body, nil
}

// parseDocument checks a document. A client may prefer to sign its requests. It uses no secret here,
// because the metadata of this server offers nothing else.
func parseDocument(id string, body []byte) (Client, error) {
	var in clientMetadata
	if err := json.Unmarshal(body, &in); err != nil {
		return Client{}, &Error{codeInvalidMetadata, "it is not a JSON object with the metadata of a client"}
	}
	if in.ID != id {
		return Client{}, &Error{codeInvalidMetadata, "its client_id is another one"}
	}
	if strings.HasPrefix(in.TokenMethod, "client_secret") {
		return Client{}, &Error{codeInvalidMetadata, "a client with a document has no secret"}
	}
	c, err := in.client()
	c.ID = id
	return c, err
}
