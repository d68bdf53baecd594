package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"taskmaster/internal/apiv1"
)

// importTimeout bounds an import. The API may take a minute to read a file and another to add its
// tasks.
const importTimeout = 2 * time.Minute

// ImportFile sends a file to the API.
func (c *Client) ImportFile(ctx context.Context, name string, content []byte, dryRun bool, mapping string) (apiv1.ImportResult, error) {
	callCtx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	query := url.Values{"name": {lastBytes(name, 200)}}
	if mapping != "" {
		query.Set("mapping", mapping)
	}
	if dryRun {
		query.Set("dry_run", "true")
	}
	r, err := c.request(callCtx, http.MethodPost, "/import?"+query.Encode(), nil)
	if err != nil {
		return apiv1.ImportResult{}, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	r.Header.Set("Content-Type", fileType(name, content))
	var done apiv1.ImportResult
	err = c.send(ctx, r, &done)
	return done, err
}

// fileType returns the media type of a file by its first bytes, else by its extension.
func fileType(name string, content []byte) string {
	start := bytes.TrimLeft(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch extension := strings.ToLower(path.Ext(name)); {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), extension == ".zip":
		return "application/zip"
	case bytes.HasPrefix(start, []byte("BEGIN:VCALENDAR")), extension == ".ics":
		return "text/calendar"
	case bytes.HasPrefix(start, []byte("{")), bytes.HasPrefix(start, []byte("[")), extension == ".json":
		return "application/json"
	}
	return "text/csv"
}

// lastBytes returns the last n bytes of a text, from the first whole character on.
func lastBytes(s string, n int) string {
	return strings.ToValidUTF8(s[max(0, len(s)-n):], "")
}
