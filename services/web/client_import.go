package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// importTimeout bounds an import: api may take a minute to read a file and another to add what is in it.
const importTimeout = 2 * time.Minute

// apiImport is what an import did, or would do.
type apiImport struct {
	Created int  `json:"created"`
	Skipped int  `json:"skipped"`
	DryRun  bool `json:"dry_run"`
	Sample  []struct {
		Title     string     `json:"title"`
		Completed bool       `json:"completed"`
		DueAt     *time.Time `json:"due_at"`
		TimeZone  string     `json:"time_zone"`
		Priority  string     `json:"priority"`
		Tags      []string   `json:"tags"`
		RRule     string     `json:"rrule"`
	} `json:"sample"`
	Notes []struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Title   string `json:"title"`
		Message string `json:"message"`
	} `json:"notes"`
}

// importFile sends a file to api.
func (s *session) importFile(ctx context.Context, name string, content []byte, dryRun bool) (apiImport, error) {
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	query := url.Values{"name": {lastBytes(name, 200)}}
	if dryRun {
		query.Set("dry_run", "true")
	}
	r, err := s.request(ctx, http.MethodPost, "/import?"+query.Encode(), nil)
	if err != nil {
		return apiImport{}, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	r.Header.Set("Content-Type", fileType(name, content))
	res, err := s.client.Do(r)
	if err != nil {
		return apiImport{}, fmt.Errorf("send the file to api: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return apiImport{}, fmt.Errorf("read what api answered to the file: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return apiImport{}, refusal(res, body, http.MethodPost, "/import")
	}
	var done apiImport
	if err := json.Unmarshal(body, &done); err != nil {
		return apiImport{}, fmt.Errorf("decode what api answered to the file: %w", err)
	}
	return done, nil
}

// fileType tells a file's media type by what it begins with, else by its name.
func fileType(name string, content []byte) string {
	start := bytes.TrimLeft(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch extension := strings.ToLower(path.Ext(name)); {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), extension == ".zip":
		return "application/zip"
	case bytes.HasPrefix(start, []byte("BEGIN:VCALENDAR")), extension == ".ics":
		return "text/calendar"
	case bytes.HasPrefix(start, []byte("{")), extension == ".json":
		return "application/json"
	}
	return "text/csv"
}

// lastBytes returns the end of a text, from a character on.
func lastBytes(s string, n int) string {
	return strings.ToValidUTF8(s[max(0, len(s)-n):], "")
}
