package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

func TestExportForms(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.newTask(t, object{"title": "Buy milk"})
	tests := []struct{ query, accept, want string }{
		{"", "", "application/json"},
		{"", "*/*", "application/json"},
		{"", "text/calendar", "text/calendar; charset=utf-8"},
		{"", "application/json;q=0.5, text/calendar", "text/calendar; charset=utf-8"},
		{"", "text/calendar;q=0.5, application/json", "application/json"},
		{"?format=ics", "application/json", "text/calendar; charset=utf-8"},
		{"?format=json", "text/calendar", "application/json"},
	}
	for _, tt := range tests {
		r := p.send(t, "GET", "/api/v1/export"+tt.query, nil, header("Accept", tt.accept)).want(t, 200)
		extension := map[bool]string{true: "json", false: "ics"}[tt.want == "application/json"]
		if got := r.Header.Get("Content-Type"); got != tt.want {
			t.Errorf("%q, %q: got %s, want %s", tt.query, tt.accept, got, tt.want)
		}
		if got, want := r.Header.Get("Content-Disposition"), `attachment; filename="taskmaster-2026-03-02.`+extension+`"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !bytes.Contains(r.Body, []byte("Buy milk")) {
			t.Errorf("got %s, want the task in it", r.Body)
		}
	}
	p.send(t, "GET", "/api/v1/export?format=csv", nil).wantProblem(t, 422, "invalid")
}

// cutWriter closes the database at the first write.
type cutWriter struct {
	*httptest.ResponseRecorder
	cut func()
}

func (w *cutWriter) Write(p []byte) (int, error) {
	w.cut()
	return w.ResponseRecorder.Write(p)
}

// TestExportBreaksOff loses the database during an export. The connection breaks, so that a part
// does not look complete.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	given, _ := randomExport(t, 4, exportPage+1)
	p.send(t, "POST", "/api/v1/import", given).want(t, 200)
	a.log = slog.New(slog.DiscardHandler)

	w := &cutWriter{httptest.NewRecorder(), sync.OnceFunc(a.db.Close)}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/export", nil)
	session(p.Secret)(r)
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // net/http compares with this value.
			t.Errorf("got %v, want http.ErrAbortHandler", got)
		}
		if json.Valid(w.Body.Bytes()) || w.Body.Len() == 0 {
			t.Errorf("got %d bytes that look complete or are empty, want a part", w.Body.Len())
		}
	}()
	a.service.handler().ServeHTTP(w, r)
}
