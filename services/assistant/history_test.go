package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/conversation"
	"taskmaster/internal/sidecar"
)

// ask sends a request without a body and returns the status and the answer.
func ask(t *testing.T, h http.Handler, method, path string, options ...func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for _, o := range options {
		o(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func decoded[T any](t *testing.T, status int, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusOK {
		t.Fatalf("status %d: %s: %v", status, body, err)
	}
	return v
}

func list(t *testing.T, h http.Handler) []apiv1.ConversationItem {
	t.Helper()
	status, body := ask(t, h, "GET", "/chat/conversations")
	return decoded[apiv1.Page[apiv1.ConversationItem]](t, status, body).Items
}

// TestHistory keeps a conversation: another replica continues it, a repeated turn is kept once, and it is deleted.
func TestHistory(t *testing.T) {
	t.Parallel()
	api, state := newToolServer(t), new(sidecar.Fake)
	one, two := newReplica(t, state, 100, api.URL), newReplica(t, state, 100, api.URL)
	id := conversation.IDOf("somebody", "1")
	send(t, one, milk)
	send(t, one, milk) // as after a broken connection
	send(t, two, `{"id": "2", "conversation": "`+id+`", "label": "Undo milk", "call": {"tool": "add_tasks", "arguments": {"sentences": ["milk"]}}}`)
	send(t, two, `{"id": "3", "sentence": "help"}`)
	if diff := cmp.Diff([]string{"help", "add milk"}, titles(list(t, one))); diff != "" {
		t.Errorf("the list, the last one first (-want +got):\n%s", diff)
	}
	status, body := ask(t, one, "GET", "/chat/conversations/"+id)
	want := []apiv1.ConversationTurn{
		{ID: "1", Said: "add milk", Text: "Added “milk”.", Tasks: []apiv1.ConversationTask{{ID: "a", Title: "milk"}}},
		{ID: "2", Said: "Undo milk", Text: "Added “milk”.", Tasks: []apiv1.ConversationTask{{ID: "a", Title: "milk"}}},
	}
	got := decoded[apiv1.Conversation](t, status, body)
	if diff := cmp.Diff(want, got.Turns, cmpopts.IgnoreFields(apiv1.ConversationTurn{}, "At")); diff != "" {
		t.Errorf("the turns (-want +got):\n%s", diff)
	}

	if status, body := ask(t, two, "DELETE", "/chat/conversations/"+id); status != http.StatusNoContent {
		t.Errorf("status %d: %s, want it deleted", status, body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if status, body := ask(t, one, method, "/chat/conversations/"+id); status != http.StatusNotFound {
			t.Errorf("%s after the deletion: status %d: %s, want 404", method, status, body)
		}
	}
	if diff := cmp.Diff([]string{"help"}, titles(list(t, one))); diff != "" {
		t.Errorf("the list after the deletion (-want +got):\n%s", diff)
	}
}

func titles(items []apiv1.ConversationItem) (titles []string) {
	for _, item := range items {
		titles = append(titles, item.Title)
	}
	return titles
}

// TestHistoryNeedsRights shows that tokens need a scope, and that other sites cannot delete.
func TestHistoryNeedsRights(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	h := newTestAssistant(t, 100, api.URL)
	send(t, h, milk)
	path := "/chat/conversations/" + conversation.IDOf("somebody", "1")
	if status, _ := ask(t, h, "DELETE", path, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); status != http.StatusForbidden {
		t.Errorf("another site: status %d, want 403", status)
	}
	api.scopes = "tasks:read"
	if status, _ := ask(t, h, "DELETE", path); status != http.StatusForbidden {
		t.Errorf("a reading token: status %d, want 403", status)
	}
	if status, _ := ask(t, h, "GET", path); status != http.StatusOK {
		t.Errorf("a reading token reads: status %d, want 200", status)
	}
	api.refuse = func(w http.ResponseWriter, _ string) bool { w.WriteHeader(http.StatusUnauthorized); return true }
	if status, _ := ask(t, h, "GET", path); status != http.StatusUnauthorized {
		t.Errorf("nobody: status %d, want 401", status)
	}
}

// TestWithoutTheStateStore shows that turns are answered, limited and not kept.
func TestWithoutTheStateStore(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	down := true
	state := &sidecar.Fake{Err: func(string, string) error {
		if down {
			return errors.New("the sidecar is away")
		}
		return nil
	}}
	h := newReplica(t, state, 2, api.URL)
	for _, want := range []int{200, 200, 429} {
		status, _, body := send(t, h, milk)
		if status != want || strings.Contains(body, `"conversation"`) {
			t.Fatalf("status %d: %s, want %d and no conversation", status, body, want)
		}
	}
	if status, _ := ask(t, h, "GET", "/chat/conversations"); status != http.StatusServiceUnavailable {
		t.Errorf("the list: status %d, want 503", status)
	}
	down = false
	if status, _, body := send(t, h, milk); status != 200 || !strings.Contains(body, `"conversation"`) {
		t.Errorf("status %d: %s, want it kept again", status, body)
	}
}

// TestTroubleInTheLanguageOfTheAccount checks the refusals of people who speak another language.
func TestTroubleInTheLanguageOfTheAccount(t *testing.T) {
	t.Parallel()
	for language, says := range map[string]string{"de": "Sätze", "fr": "phrases", "es": "frases", "en": "sentences"} {
		api := newToolServer(t)
		api.language = language
		h := newTestAssistant(t, 1, api.URL)
		send(t, h, milk)
		if status, _, body := send(t, h, milk); status != http.StatusTooManyRequests || !strings.Contains(body, says) {
			t.Errorf("%s: status %d: %s, want %q", language, status, body, says)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, _, body := send(t, newTestAssistant(t, 1, gone.URL), milk, func(r *http.Request) { r.Header.Set("Accept-Language", "de-AT,en") })
	if !strings.Contains(body, "nicht erreichbar") {
		t.Errorf("before the account is known: %s, want German", body)
	}
}

// TestLimitIsShared shows that the turns at all replicas count.
func TestLimitIsShared(t *testing.T) {
	t.Parallel()
	api, state := newToolServer(t), new(sidecar.Fake)
	one, two := newReplica(t, state, 2, api.URL), newReplica(t, state, 2, api.URL)
	for i, h := range []http.Handler{one, two, one, two} {
		status, _, body := send(t, h, fmt.Sprintf(`{"id": "%d", "sentence": "add milk"}`, i))
		if want := map[bool]int{true: 200, false: 429}[i < 2]; status != want {
			t.Errorf("turn %d: status %d: %s, want %d", i, status, body, want)
		}
	}
}
