package main

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/dialog"
)

// chatting starts web with an account and an assistant that answers with these events.
func chatting(t *testing.T, assistant http.HandlerFunc) *env {
	t.Helper()
	api := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/api/v1/me" {
			fmt.Fprintf(w, `{"id": %q, "email": "a@example.com", "time_zone": "Europe/Berlin", "language": "de", "week_start": "monday"}`, fakeID("me"))
			return
		}
		fmt.Fprint(w, `{"items": [], "next_cursor": ""}`)
	})
	cfg := config{APIURLs: []string{api}}
	if assistant != nil {
		cfg.AssistantURL = upstream(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/chat/conversations") {
				answerHistory(w, r)
				return
			}
			assistant(w, r)
		})
	}
	return start(t, cfg)
}

// answerHistory answers as an assistant with one conversation.
func answerHistory(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/chat/conversations") {
	case "GET ":
		fmt.Fprint(w, `{"items": [{"id": "c1", "title": "<i>Was ist fällig?</i>", "updated_at": "2026-03-02T10:00:00Z"}]}`)
	case "GET /c1":
		fmt.Fprint(w, `{"id": "c1", "title": "x", "updated_at": "2026-03-02T10:00:00Z", "turns": [
			{"id": "1", "said": "Was ist fällig?", "text": "<b>Milch</b>", "tasks": [{"id": "t1", "title": "Milch"}, {"id": "t2", "title": "Brot", "deleted": true}]}]}`)
	case "DELETE /c1":
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"status": 404, "code": "not_found", "detail": "Dieses Gespräch gibt es nicht mehr"}`)
	}
}

const session = "taskmaster_session=s"

// post sends a form of the page.
func (e *env) chatForm(fields url.Values) answer {
	e.t.Helper()
	return e.do("POST", "/chat", strings.NewReader(fields.Encode()), "Content-Type", "application/x-www-form-urlencoded",
		"Cookie", session, "Sec-Fetch-Site", "same-origin")
}

// hidden returns the values of the hidden fields of a name.
func hidden(body, name string) (values []string) {
	for _, found := range regexp.MustCompile(`<input type="hidden" name="`+name+`" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		values = append(values, html.UnescapeString(found[1]))
	}
	return values
}

// TestChatWithoutScripts has a conversation by forms. Each answer shows the turns before it, its tasks, their undo and
// the offered choices.
func TestChatWithoutScripts(t *testing.T) {
	t.Parallel()
	var got []dialog.Request
	e := chatting(t, func(w http.ResponseWriter, r *http.Request) {
		var req dialog.Request
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			t.Error(err)
		}
		if cookie := r.Header.Get("Cookie"); cookie != session {
			t.Errorf("the assistant got the cookie %q, want that of the person", cookie)
		}
		got = append(got, req)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: step\ndata: {\"number\": 1}\n\nevent: text\ndata: {\"text\": \"Erledigt\"}\n\n")
		fmt.Fprint(w, `event: answer
data: {"text": "<b>Erledigt</b>", "conversation": "c1", "tasks": [{"id": "t1", "title": "<i>Milch</i>", "undo": {"tool": "reopen_tasks", "arguments": {"ids": ["t1"]}}}], "choices": [{"label": "Löschen", "call": {"tool": "delete_tasks", "arguments": {"ids": ["t1"]}}}, {"label": "Mehr", "sentence": "Was ist fällig?"}]}

event: end
data: {}

`)
	})
	first := e.do("GET", "/chat", nil, "Cookie", session)
	if first.status != 200 || !strings.Contains(first.body, "Was ist heute fällig?") {
		t.Fatalf("status %d, want suggestions in the language of the account: %s", first.status, first.body)
	}
	page := e.chatForm(url.Values{"key": {"k1"}, "sentence": {"Milch erledigt"}})
	for _, want := range []string{"Milch erledigt", "&lt;b&gt;Erledigt&lt;/b&gt;", "&lt;i&gt;Milch&lt;/i&gt;", "Löschen", "Mehr", ">Undo<"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q: %s", want, page.body)
		}
	}
	calls := hidden(page.body, "call")
	if len(calls) != 2 {
		t.Fatalf("the page offers the calls %q, want undo and delete", calls)
	}
	page = e.chatForm(url.Values{"key": {"k2"}, "call": {calls[0]}, "label": {"Undo"}, "before": hidden(page.body, "before")[:1], "about": hidden(page.body, "about")[:1],
		"conversation": hidden(page.body, "conversation")[:1]})
	if n := strings.Count(page.body, `<li class="turn">`); n != 2 {
		t.Errorf("the page shows %d turns, want 2", n)
	}
	want := []dialog.Request{
		{ID: "k1", Sentence: "Milch erledigt"},
		{ID: "k2", Call: &dialog.Call{Tool: "reopen_tasks", Arguments: json.RawMessage(`{"ids":["t1"]}`)}, About: []string{"t1"}, Label: "Undo", Conversation: "c1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the assistant got (-want +got):\n%s", diff)
	}
}

// TestChatProblems shows a failing assistant in the conversation, and that other pages work without it.
func TestChatProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		assistant http.HandlerFunc
		says      string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"code": "rate_limited", "detail": "that was the last sentence of today"}`)
		}, "that was the last sentence of today"},
		"an error event": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "event: error\ndata: {\"status\": 504, \"detail\": \"it took too long\"}\n\n")
		}, "it took too long"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "event: text\ndata: {\"text\": \"Er\"}\n\n")
		}, "the answer broke off"},
		"away": {nil, "does not run here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := chatting(t, tt.assistant)
			if page := e.chatForm(url.Values{"key": {"k"}, "sentence": {"hello"}}); page.status != 200 || !strings.Contains(page.body, tt.says) {
				t.Errorf("status %d, want %q: %s", page.status, tt.says, page.body)
			}
			if today := e.do("GET", "/today", nil, "Cookie", session); today.status != 200 {
				t.Errorf("today: status %d, want 200", today.status)
			}
		})
	}
}

// TestChatOfAnotherSite shows that the form of another site is refused.
func TestChatOfAnotherSite(t *testing.T) {
	t.Parallel()
	e := chatting(t, func(http.ResponseWriter, *http.Request) { t.Error("the assistant was asked") })
	got := e.do("POST", "/chat", strings.NewReader("key=k&sentence=hello"), "Content-Type", "application/x-www-form-urlencoded", "Cookie", session, "Sec-Fetch-Site", "cross-site")
	if got.status != http.StatusForbidden {
		t.Errorf("status %d, want 403", got.status)
	}
}

// TestEarlierConversations lists, continues and deletes them without scripts.
func TestEarlierConversations(t *testing.T) {
	t.Parallel()
	e := chatting(t, func(http.ResponseWriter, *http.Request) { t.Error("the assistant was asked") })
	page := e.do("GET", "/chat?c=c1", nil, "Cookie", session)
	for _, want := range []string{"&lt;i&gt;Was ist fällig?&lt;/i&gt;", `aria-current="page"`, "&lt;b&gt;Milch&lt;/b&gt;", `href="/task/t1"`, "<s>Brot</s>", "/chat/c1/delete"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q: %s", want, page.body)
		}
	}
	for name, want := range map[string]string{"conversation": "c1", "about": "t1"} {
		if got := hidden(page.body, name); len(got) == 0 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if gone := e.do("GET", "/chat?c=c2", nil, "Cookie", session); gone.status != 404 || !strings.Contains(gone.body, "ieses Gespräch") {
		t.Errorf("status %d, want 404 with the reason: %s", gone.status, gone.body)
	}
	for _, id := range []string{"c1", "c2"} { // the second one was deleted elsewhere
		deleted := e.do("POST", "/chat/"+id+"/delete", strings.NewReader(""), "Content-Type", "application/x-www-form-urlencoded", "Cookie", session, "Sec-Fetch-Site", "same-origin")
		if deleted.status != 303 || deleted.header.Get("Location") != "/chat" {
			t.Errorf("%s: status %d to %q, want the empty conversation", id, deleted.status, deleted.header.Get("Location"))
		}
	}
}
