package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"taskmaster/internal/account"
)

// Every form that changes something names the account, in every template.
func TestEveryFormNamesItsAccount(t *testing.T) {
	t.Parallel()
	opening := regexp.MustCompile(`(?i)<form\b`)
	changes := regexp.MustCompile(`(?i)\bmethod\s*=\s*["']?post`)
	forms := 0
	err := fs.WalkDir(pageFiles, "templates", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := pageFiles.ReadFile(name)
		if err != nil {
			return err
		}
		text := withAccount(string(raw), "MARK")
		for _, at := range opening.FindAllStringIndex(text, -1) {
			form, _, _ := strings.Cut(text[at[0]:], "</form>")
			if !changes.MatchString(form) {
				continue
			}
			forms++
			if n := strings.Count(form, `<input type="hidden" name="account" value="MARK">`); n != 1 {
				t.Errorf("%s: a form has the field %d times, want once: %.120s", name, n, form)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if forms < 20 {
		t.Errorf("found %d forms, want at least 20", forms)
	}
}

// A form of another account's page is refused before anything changes, and the answer shows the
// typed text. A script's request is refused as well. A page of an older version names no account
// and passes.
func TestFormOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	changed := make(chan string, 100)
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodGet {
			changed <- r.Method + " " + r.URL.Path
		}
		if r.URL.Path == "/api/v1/me" {
			fmt.Fprint(w, `{"id": "`+fakeID("bob")+`", "email": "bob@example.com", "time_zone": "UTC", "revision": 1}`)
			return
		}
		fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 7, "items": [], "next_cursor": ""}`)
	})}})
	page := e.do("GET", "/all", nil, "Cookie", "taskmaster_session=x")
	if !strings.Contains(page.body, `<form id="add" class="add" method="post" action="/tasks" hx-sync="queue all"><input type="hidden" name="account" value="`+fakeID("bob")+` bob@example.com">`) {
		t.Errorf("got %.3000s, want the form to name Bob", page.body)
	}
	const words = "This page belongs to ada@example.com; you are now logged in as bob@example.com. Nothing was changed."
	post := func(path string, form url.Values, header ...string) answer {
		return e.do("POST", path, strings.NewReader(form.Encode()), append([]string{"Cookie", "taskmaster_session=x", "Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	}
	for _, path := range []string{
		"/tasks", "/tasks/copy", "/tasks/7", "/tasks/7/complete", "/tasks/7/reopen", "/tasks/7/snooze", "/tasks/7/postpone", "/tasks/7/delete", "/logout",
		"/settings/account", "/settings/password", "/settings/sessions/end", "/settings/sessions/7/end", "/settings/tokens", "/settings/tokens/7/delete",
		"/settings/delete", "/settings/channels", "/settings/channels/7/delete", "/settings/deliveries/7/retry",
	} {
		got := post(path, url.Values{"account": {fakeID("ada") + " ada@example.com"}, "line": {"a secret <plan>"}, "password": {"hunter2"}, "sure": {"yes"}})
		if got.status != 403 || !strings.Contains(got.body, words) || !strings.Contains(got.body, "Somebody else is logged in") {
			t.Errorf("%s: got %d %s, want 403 and the explanation", path, got.status, got.body)
		}
		if !strings.Contains(got.body, "a secret &lt;plan&gt;</textarea>") || strings.Contains(got.body, "hunter2") {
			t.Errorf("%s: got %s, want the typed text without the password", path, got.body)
		}
	}
	// A script gets the error as a notice beside the form, and the typed text stays.
	got := post("/tasks", url.Values{"account": {fakeID("ada") + " ada@example.com"}, "line": {"x"}}, "HX-Request", "true")
	if got.status != 403 || got.header.Get("HX-Retarget") != "#problem" || !strings.Contains(got.body, words) {
		t.Errorf("got %d %v %s, want the explanation beside the form", got.status, got.header, got.body)
	}
	if got := e.do("GET", "/all", nil, "Cookie", "taskmaster_session=x", account.Header, fakeID("ada")); got.status != 403 {
		t.Errorf("a request of Ada's page got %d, want 403", got.status)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("account", fakeID("ada")+" ada@example.com")
	file, _ := form.CreateFormFile("file", "tasks.json")
	_, _ = file.Write([]byte(`{"version": 1, "tasks": []}`))
	_ = form.Close()
	if got := e.do("POST", "/settings/import", &body, "Cookie", "taskmaster_session=x", "Content-Type", form.FormDataContentType()); got.status != 403 || !strings.Contains(got.body, words) {
		t.Errorf("an import got %d, want 403 and the explanation", got.status)
	}
	select {
	case what := <-changed:
		t.Errorf("the API got %s", what)
	default:
	}
	for name, form := range map[string]url.Values{"Bob's own": {"account": {fakeID("bob") + " bob@example.com"}}, "an older page's": {}} {
		if got := post("/tasks/7/complete", form); got.status != 303 {
			t.Errorf("%s form got %d, want 303", name, got.status)
		}
	}
}
