package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeAPI is an API with one account that has one item of each kind. It records the changes that it
// is asked to make.
type fakeAPI struct {
	mu      sync.Mutex
	changes []string
	// refusals are problems by method and path.
	refusals map[string]string
	// answers replace the usual ones, by method and path.
	answers map[string]string
	// public lets strangers read requests of OAuth clients, as api does.
	public bool
}

const evil = `"><script>alert(1)</script>`

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")
	if cookie, err := r.Cookie("taskmaster_session"); err != nil || cookie.Value != "ada's" && (!f.public || call != "POST /oauth/requests" && call != "GET /signup") {
		call = "401"
	}
	if r.Method != http.MethodGet {
		f.mu.Lock()
		f.changes = append(f.changes, strings.TrimSpace(call+"?"+r.URL.RawQuery+" "+r.Header.Get("Content-Type")+" "+string(body)))
		f.mu.Unlock()
	}
	const when = `"2026-03-02T10:00:00Z"`
	answers := map[string]any{
		"GET /me":          `{"email": "ada@example.com", "time_zone": "UTC", "week_start": "sunday", "revision": 1, "stored_bytes": 1887437, "quota_bytes": 536870912}`,
		"GET /tasks":       `{"items": [], "next_cursor": ""}`,
		"GET /sessions":    `{"items": [{"id": "` + fakeID("s1") + `", "user_agent": ` + quote(evil) + `, "created_at": ` + when + `, "last_used_at": ` + when + `, "current": true}, {"id": "` + fakeID("s2") + `", "created_at": ` + when + `, "last_used_at": ` + when + `}]}`,
		"GET /tokens":      `{"items": [{"id": "` + fakeID("t1") + `", "name": ` + quote(evil) + `, "scopes": ["account"], "created_at": ` + when + `, "expires_at": ` + when + `}]}`,
		"GET /connections": `{"items": [{"id": "` + fakeID("o1") + `", "name": ` + quote(evil) + `, "place": "claude.ai", "scopes": ["tasks:read"], "created_at": ` + when + `, "last_used_at": ` + when + `}]}`,
		"GET /channels":    `{"items": [{"id": "` + fakeID("c1") + `", "kind": "webhook", "url": ` + quote("https://x.example/"+evil) + `, "enabled": false, "disabled_reason": ` + quote(evil) + `, "created_at": ` + when + `}]}`,
		"GET /deliveries":  `{"items": [{"id": "` + fakeID("d1") + `", "channel_id": "` + fakeID("c1") + `", "channel_kind": "webhook", "task_id": "` + fakeID("x") + `", "state": "given_up", "attempts": 5, "reason": ` + quote(evil) + `, "created_at": ` + when + `}]}`,
		"GET /push-key":    `{"public_key": "BKey"}`,
		"POST /tokens":     `{"id": "` + fakeID("t2") + `", "name": "Backup", "scopes": ["tasks:read"], "created_at": ` + when + `, "token": "tm_once"}`,
		"POST /channels":   `{"id": "` + fakeID("c2") + `", "kind": "webhook", "url": "https://x.example/", "enabled": true, "created_at": ` + when + `, "secret": "whsec_once"}`,
		"POST /import": `{"created": 30, "skipped": 2, "columns": [{"name": "Wann", "field": "due", "sample": "5.12.2026"}], "dry_run": ` + strconv.FormatBool(r.URL.Query().Has("dry_run")) + `, "sample": [{"title": ` + quote(evil) + `, "due_at": ` + when + `, "time_zone": "UTC", "priority": "high", "tags": ["home"], "rrule": "FREQ=DAILY"}],
			"notes": [{"file": "Home.csv", "line": 7, "title": ` + quote(evil) + `, "message": "the date cannot be read"}]}`,
	}
	w.Header().Set("Content-Type", "application/json")
	status := http.StatusOK
	answer, known := answers[call].(string)
	if other, ok := f.answers[call]; ok {
		answer, known = other, true
	}
	problem, refused := f.refusals[call]
	switch {
	case call == "401":
		status, answer = http.StatusUnauthorized, `{"code": "unauthorized", "detail": "log in"}`
	case refused:
		status, answer = http.StatusUnprocessableEntity, problem
	case r.Method == http.MethodDelete && (r.URL.Path == "/api/v1/me" || r.URL.Path == "/api/v1/sessions/s1"):
		w.Header().Set("Set-Cookie", "taskmaster_session=; Max-Age=0")
		status, answer = http.StatusNoContent, ""
	case !known && r.Method != http.MethodGet:
		answer = "{}"
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// settings starts web before a fakeAPI. It returns a function that sends requests of the user, with
// a form or a raw body.
func settings(t *testing.T, refusals map[string]string) (*fakeAPI, func(method, path string, body any, header ...string) answer) {
	t.Helper()
	api := &fakeAPI{refusals: refusals}
	e := start(t, config{APIURLs: []string{upstream(t, api.ServeHTTP)}})
	return api, func(method, path string, body any, header ...string) answer {
		t.Helper()
		sent, ok := body.(string)
		if form, isForm := body.(url.Values); isForm {
			sent = form.Encode()
		}
		for _, usual := range [][2]string{{"Cookie", "taskmaster_session=ada's"}, {"Content-Type", "application/x-www-form-urlencoded"}} {
			if !slices.Contains(header, usual[0]) && (!ok || usual[0] != "Content-Type") {
				header = append(header, usual[0], usual[1])
			}
		}
		return e.do(method, path, strings.NewReader(sent), header...)
	}
}

func TestSettingsShowTextAsText(t *testing.T) {
	t.Parallel()
	_, ask := settings(t, nil)
	for path, want := range map[string][]string{
		"/settings/account":       {"ada@example.com", "You store 1.8 MB of 512.0 MB.", "this one", "Log out everywhere else", `<option value="sunday" selected>`, "expired", "change the account", "At claude.ai"},
		"/settings/notifications": {"Turn on Webhook", "given up", "5 attempts", "Send again", `data-push data-key="BKey"`, "Turned off: "},
		"/settings/import":        {`enctype="multipart/form-data"`, "Todoist", "Vikunja"},
	} {
		got := ask("GET", path, nil)
		if got.status != 200 || strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s: got %d, or typed text became HTML", path, got.status)
		}
		for _, words := range want {
			if !strings.Contains(got.body, words) {
				t.Errorf("%s lacks %q", path, words)
			}
		}
	}
}

// TestSettingsForms shows the API call of each form and the page that follows. It also shows that
// other sites cannot send the forms.
func TestSettingsForms(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string]struct {
		form url.Values
		want string
		to   string
	}{
		"/settings/account":               {url.Values{"time_zone": {"Asia/Tokyo"}, "week_start": {"monday"}, "language": {"de"}, "line_signs": {"todoist"}}, `PATCH /me? application/json {"time_zone":"Asia/Tokyo","week_start":"monday","language":"de","line_signs":"todoist"}`, "/settings/account"},
		"/settings/address":               {url.Values{"email": {"new@example.com"}, "password": {"a"}}, `POST /address/change? application/json {"email":"new@example.com","password":"a"}`, "/settings/account"},
		"/settings/address/keep":          {nil, "DELETE /address/change?", "/settings/account"},
		"/settings/address/confirm":       {nil, "POST /address/confirmation?", "/settings/account"},
		"/settings/password":              {url.Values{"current_password": {"a"}, "password": {"b"}}, `PATCH /me? application/json {"password":"b","current_password":"a"}`, "/settings/account"},
		"/settings/sessions/s2/end":       {nil, "DELETE /sessions/s2?", "/settings/account"},
		"/settings/sessions/end":          {nil, "DELETE /sessions?", "/settings/account"},
		"/settings/tokens/t1/delete":      {nil, "DELETE /tokens/t1?", "/settings/account"},
		"/settings/connections/o1/delete": {nil, "DELETE /connections/o1?", "/settings/account"},
		"/settings/delete":                {url.Values{"password": {"a"}}, `DELETE /me? application/json {"password":"a"}`, "/enter"},
		"/settings/channels/c1/enable":    {nil, `PATCH /channels/c1? application/json {"enabled":true}`, "/settings/notifications"},
		"/settings/channels/c1/disable":   {nil, `PATCH /channels/c1? application/json {"enabled":false}`, "/settings/notifications"},
		"/settings/channels/c1/test":      {nil, "POST /channels/c1/test?", "/settings/notifications"},
		"/settings/channels/c1/delete":    {nil, "DELETE /channels/c1?", "/settings/notifications"},
		"/settings/deliveries/d1/retry":   {nil, "POST /deliveries/d1/retry?", "/settings/notifications"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			api, ask := settings(t, nil)
			if got := ask("POST", path, tt.form, "Sec-Fetch-Site", "cross-site"); got.status != 403 || len(api.changes) != 0 {
				t.Fatalf("from another site: got %d and %q, want 403 and no API call", got.status, api.changes)
			}
			got := ask("POST", path, tt.form)
			if got.status != 303 || got.header.Get("Location") != tt.to {
				t.Errorf("got %d to %q, want 303 to %q: %s", got.status, got.header.Get("Location"), tt.to, got.body)
			}
			if len(api.changes) != 1 || api.changes[0] != tt.want {
				t.Errorf("got %q, want %q", api.changes, tt.want)
			}
			if forgets := strings.Contains(fmt.Sprint(got.header["Set-Cookie"]), "taskmaster_session=;"); forgets != (path == "/settings/delete") {
				t.Errorf("got cookies %q", got.header["Set-Cookie"])
			}
			if got := ask("POST", path, tt.form, "Cookie", "taskmaster_session=nobody's"); got.status != 303 || got.header.Get("Location") == tt.to && tt.to != "/enter" {
				t.Errorf("logged out: got %d to %q, want 303 to /enter", got.status, got.header.Get("Location"))
			}
		})
	}
}

// TestSecretsAreShownOnce shows that only the page after its creation contains a token or a signing
// secret. No cache keeps that page.
func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string]struct {
		form         url.Values
		secret, page string
	}{
		"/settings/tokens":   {url.Values{"key": {"k"}, "name": {"Backup"}, "scopes": {"tasks:read"}, "expires": {"720"}}, "tm_once", "/settings/account"},
		"/settings/channels": {url.Values{"key": {"k"}, "kind": {"webhook"}, "url": {"https://x.example/"}}, "whsec_once", "/settings/notifications"},
	} {
		api, ask := settings(t, nil)
		got := ask("POST", path, tt.form)
		if got.status != 200 || !strings.Contains(got.body, tt.secret) || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d, %s, want the secret and no-store", path, got.status, got.header.Get("Cache-Control"))
		}
		if len(api.changes) != 1 {
			t.Errorf("%s: got %q", path, api.changes)
		}
		if strings.Contains(ask("GET", tt.page, nil).body, tt.secret) {
			t.Errorf("%s shows the secret again", tt.page)
		}
	}
}

// TestSecretOfARepeatedForm shows the page of a form that was sent twice. It has no empty field for
// the secret, and it tells the person how to get another one.
func TestSecretOfARepeatedForm(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string]struct {
		call, answer, want string
		form               url.Values
	}{
		"/settings/tokens": {"POST /tokens", `{"id": "` + fakeID("t2") + `", "name": "Backup", "scopes": ["tasks:read"], "created_at": "2026-03-02T10:00:00Z", "shown_once": true}`,
			"revoke it below and make another", url.Values{"key": {"k"}, "name": {"Backup"}, "scopes": {"tasks:read"}}},
		"/settings/channels": {"POST /channels", `{"id": "` + fakeID("c2") + `", "kind": "webhook", "url": "https://x.example/", "enabled": true, "created_at": "2026-03-02T10:00:00Z", "shown_once": true}`,
			"delete the webhook below and add it again", url.Values{"key": {"k"}, "kind": {"webhook"}, "url": {"https://x.example/"}}},
	} {
		api, ask := settings(t, nil)
		api.answers = map[string]string{tt.call: tt.answer}
		got := ask("POST", path, tt.form)
		if got.status != http.StatusOK || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: got %d without %q", path, got.status, tt.want)
		}
		if strings.Contains(got.body, "data-select") {
			t.Errorf("%s shows a field for the secret", path)
		}
	}
}

// TestRefusedSettingsAreShownAgain shows that a refused form keeps the typed text, and that each
// error links to its field.
func TestRefusedSettingsAreShownAgain(t *testing.T) {
	t.Parallel()
	problem := func(field, message string) string {
		return fmt.Sprintf(`{"code": "invalid", "detail": "some fields are not valid", "errors": [{"field": %q, "message": %q}]}`, field, message)
	}
	_, ask := settings(t, map[string]string{
		"PATCH /me":              problem("time_zone", "is not an IANA time zone"),
		"DELETE /me":             problem("password", "is not the account's password"),
		"POST /channels":         problem("url", "is not an https:// URL"),
		"POST /channels/c1/test": `{"code": "conflict", "detail": "the channel is disabled, enable it first"}`,
		"POST /tokens":           problem("name", "is required"),
	})
	for path, tt := range map[string]struct {
		form url.Values
		want []string
	}{
		"/settings/account":          {url.Values{"time_zone": {"Mars"}, "week_start": {"saturday"}}, []string{`href="#calendar-time_zone"`, "Time zone is not an IANA time zone.", `value="Mars"`, `value="saturday" selected`}},
		"/settings/delete":           {url.Values{"password": {"secret guess"}}, []string{`href="#delete-password"`, "is not the account&#39;s password", "<details open>"}},
		"/settings/channels":         {url.Values{"kind": {"webhook"}, "url": {"ftp://x"}}, []string{`href="#webhook-url"`, `value="ftp://x"`}},
		"/settings/channels/c1/test": {nil, []string{"The channel is disabled, enable it first."}},
		"/settings/tokens":           {url.Values{"name": {" "}}, []string{`href="#token-scopes"`, "<details open>"}},
		"/settings/password":         {url.Values{"password": {"secret guess"}, "revoke_tokens": {"yes"}}, []string{`name="revoke_tokens" value="yes" checked`}},
	} {
		got := ask("POST", path, tt.form)
		if (got.status != 422 && got.status != 409) || strings.Contains(got.body, "secret guess") {
			t.Errorf("%s: got %d, want a refusal without the password", path, got.status)
		}
		for _, words := range append(tt.want, `role="alert"`) {
			if !strings.Contains(got.body, words) {
				t.Errorf("%s: the answer lacks %q", path, words)
			}
		}
	}
}

func TestBrowserName(t *testing.T) {
	t.Parallel()
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                   "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"curl/8.14.1":           "curl",
		"":                      "Unknown browser",
		strings.Repeat("ü", 50): strings.Repeat("ü", 40) + "…",
	} {
		if got := browserName(userAgent); got != want {
			t.Errorf("%q: got %q, want %q", userAgent, got, want)
		}
	}
}

// TestSignUpTellsTheBrowsersCalendar shows that signing up sends the browser's time zone and week
// start to the API.
func TestSignUpTellsTheBrowsersCalendar(t *testing.T) {
	t.Parallel()
	api := &fakeAPI{}
	browser := ""
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		browser = r.UserAgent()
		r.AddCookie(&http.Cookie{Name: "taskmaster_session", Value: "ada's"})
		api.ServeHTTP(w, r)
	})}})
	form := url.Values{"email": {"ada@example.com"}, "password": {"12345678"}, "time_zone": {"Asia/Tokyo"}, "week_start": {"sunday"}}
	got := e.do("POST", "/signup", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "User-Agent", "Firefox/140", "Accept-Language", "de-AT,en;q=0.5")
	want := `POST /signup? application/json {"email":"ada@example.com","password":"12345678","time_zone":"Asia/Tokyo","week_start":"sunday","language":"de"}`
	if got.status != 303 || !slices.Equal(api.changes, []string{want}) {
		t.Errorf("got %d, %q, want %q", got.status, api.changes, want)
	}
	if browser != "Firefox/140" {
		t.Errorf("the API saw the browser %q", browser)
	}
}

// A renewed session cookie of the API reaches the browser on every page.
func TestRenewedSessionReachesTheBrowser(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/api/v1/me" {
			w.Header().Set("Set-Cookie", "taskmaster_session=x; Max-Age=2592000")
			fmt.Fprint(w, `{"id": "`+fakeID("ada")+`", "email": "ada@example.com", "time_zone": "UTC", "revision": 1}`)
			return
		}
		fmt.Fprint(w, `{"items": [], "next_cursor": ""}`)
	})}})
	for _, path := range []string{"/today", "/settings/account", "/recurrence"} {
		got := e.do("GET", path, nil, "Cookie", "taskmaster_session=x")
		if cookies := got.header.Values("Set-Cookie"); got.status != 200 || len(cookies) != 1 || !strings.Contains(cookies[0], "Max-Age=2592000") {
			t.Errorf("%s: got %d with cookies %q, want the session's", path, got.status, cookies)
		}
	}
}

// Every page announces an ended channel. The notice links to the settings and can be dismissed.
// Only its own browser can enable a push channel again. A channel shows the error of its last
// failed delivery.
func TestEndedChannels(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		const when = `"2026-03-02T10:00:00Z"`
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodGet {
			body, _ := io.ReadAll(r.Body)
			asked <- r.Method + " " + r.URL.Path + " " + string(body)
		}
		switch r.URL.Path {
		case "/api/v1/me":
			fmt.Fprint(w, `{"id": "`+fakeID("ada")+`", "email": "ada@example.com", "time_zone": "UTC", "revision": 1,
				"ended_channels": [{"id": "`+fakeID("c1")+`", "kind": "web_push", "where": "push.example.com", "reason": `+quote("over "+evil)+`}]}`)
		case "/api/v1/channels":
			fmt.Fprint(w, `{"items": [{"id": "`+fakeID("c1")+`", "kind": "web_push", "endpoint": "https://push.example.com/x", "enabled": false, "disabled_reason": "over", "created_at": `+when+`},
				{"id": "`+fakeID("c2")+`", "kind": "webhook", "url": "https://x.example/", "enabled": true, "created_at": `+when+`},
				{"id": "`+fakeID("c3")+`", "kind": "webhook", "url": "https://y.example/", "enabled": true, "created_at": `+when+`}]}`)
		case "/api/v1/deliveries":
			fmt.Fprint(w, `{"items": [{"id": "`+fakeID("d4")+`", "channel_id": "`+fakeID("c2")+`", "channel_kind": "webhook", "state": "pending", "created_at": `+when+`},
				{"id": "`+fakeID("d3")+`", "channel_id": "`+fakeID("c2")+`", "channel_kind": "webhook", "state": "given_up", "reason": "it answered 500", "created_at": `+when+`},
				{"id": "`+fakeID("d2")+`", "channel_id": "`+fakeID("c3")+`", "channel_kind": "webhook", "state": "sent", "created_at": `+when+`},
				{"id": "`+fakeID("d1")+`", "channel_id": "`+fakeID("c3")+`", "channel_kind": "webhook", "state": "given_up", "reason": "it answered 404", "created_at": `+when+`}]}`)
		default:
			fmt.Fprint(w, `{"items": [], "next_cursor": "", "public_key": ""}`)
		}
	})}})
	for _, path := range []string{"/today", "/done", "/settings/account", "/settings/import", "/settings/notifications"} {
		got := e.do("GET", path, nil, "Cookie", "taskmaster_session=x").body
		for _, want := range []string{
			"Reminders no longer reach one of your browsers (push.example.com): over &#34;&gt;&lt;script&gt;", `<a href="/settings/notifications">Look at`,
			`<form method="post" action="/settings/channels/` + fakeID("c1") + `/dismiss"><input type="hidden" name="account" value="` + fakeID("ada") + ` ada@example.com"><input type="hidden" name="back" value="` + path + `">`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	got := e.do("GET", "/settings/notifications", nil, "Cookie", "taskmaster_session=x").body
	if strings.Contains(got, "/settings/channels/"+fakeID("c1")+"/enable") || !strings.Contains(got, "Only that browser can turn it on again.") {
		t.Error("an ended push channel can be enabled from another browser")
	}
	if n := strings.Count(got, "The last message did not arrive: it answered 500"); n != 1 || strings.Contains(got, "did not arrive: it answered 404") {
		t.Errorf("the page shows the failure %d times, want once and for one channel only", n)
	}
	done := e.do("POST", "/settings/channels/c1/dismiss", strings.NewReader("back=/done"), "Cookie", "taskmaster_session=x", "Content-Type", "application/x-www-form-urlencoded")
	if done.status != 303 || done.header.Get("Location") != "/done" {
		t.Errorf("got %d to %s, want 303 to /done", done.status, done.header.Get("Location"))
	}
	if got := <-asked; got != `PATCH /api/v1/channels/c1 {"dismissed":true}` {
		t.Errorf("the API got %s", got)
	}
}
