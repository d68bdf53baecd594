package page

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

// Typed text is shown as text everywhere, never as HTML.
func TestEverythingStaysText(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	tag := "<i onclick=alert(1)>"
	notes := evil + "\n\n[a](javascript:alert(1)) [b](data:text/html,x) [c](https://example.com/?a=1&b=2) ![d](https://example.com/x.png)\n\n<iframe src=//x></iframe> <javascript:alert(1)>"
	made := v.make(map[string]any{"title": evil, "description": notes, "tags": []string{tag}, "due_at": "2031-03-01T08:00:00Z"})
	v.api("PATCH", "/tasks/"+made.ID, map[string]any{"title": evil + "2"}, nil)
	for _, path := range []string{
		"/all", "/upcoming", "/calendar?day=2031-03-01", "/task/" + made.ID, "/tag/" + url.PathEscape(tag), "/search?q=" + url.QueryEscape(evil), "/settings/account",
		"/enter?next=" + url.QueryEscape(evil),
	} {
		d := v.get(path)
		if d.status != 200 {
			t.Errorf("%s: got %d", path, d.status)
		}
		d.harmless()
	}
	answer := v.get("/all").form("/tasks/" + made.ID + "/complete").send()
	answer.says("Completed “" + `"><script>`)
	answer.harmless()
	link := v.get("/task/"+made.ID).find("section", "written")
	if got := text(link); !strings.Contains(got, "a b c") {
		t.Errorf("got the notes %q, want the words of the links left", got)
	}
	for n := range link.Descendants() {
		if n.Data == "a" && (attribute(n, "href") != "https://example.com/?a=1&b=2" || !strings.Contains(attribute(n, "rel"), "noopener")) {
			t.Errorf("got a link to %q with rel %q", attribute(n, "href"), attribute(n, "rel"))
		}
		if n.Data == "img" || n.Data == "iframe" {
			t.Errorf("got a <%s> in the notes", n.Data)
		}
	}
	refused := v.do("POST", "/login", url.Values{"email": {evil}, "password": {"x"}})
	refused.want(422, "Welcome to TaskMaster").harmless()
}

// harmless fails the test if the page contains active content other than its own script.
func (d *document) harmless() {
	d.t.Helper()
	for n := range d.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" && (attribute(n, "src") == "" || !strings.HasPrefix(attribute(n, "src"), "/static/")) {
			d.t.Errorf("%s has a script: %s", d.path, text(n))
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(a.Key, "hx-on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				d.t.Errorf("%s has <%s %s=%q>", d.path, n.Data, a.Key, a.Val)
			}
		}
	}
}

// Another site's page can make a browser send forms with the session cookie. These forms change
// nothing.
func TestOtherSitesFormsAreRefused(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	made := v.make(map[string]any{"title": "stay"})
	for name, header := range map[string][]string{
		"by Sec-Fetch-Site":    {"Sec-Fetch-Site", "cross-site"},
		"of the same site":     {"Sec-Fetch-Site", "same-site"},
		"by Origin":            {"Origin", "https://evil.example"},
		"from nowhere at all":  {"Origin", "null"},
		"by a script of htmx’": {"Sec-Fetch-Site", "cross-site", "HX-Request", "true"},
	} {
		for _, path := range []string{"", "/complete", "/delete", "/snooze"} {
			got := v.do("POST", "/tasks/"+made.ID+path, url.Values{"sure": {"yes"}, "until": {"2031-03-01T08:00:00Z"}, "title": {"gone"}}, header...)
			if got.status != 403 {
				t.Errorf("%s, %s: got %d, want 403", name, path, got.status)
			}
		}
		for _, path := range []string{"/tasks", "/login", "/signup", "/logout", "/settings/delete"} {
			if got := v.do("POST", path, url.Values{"line": {"planted"}}, header...); got.status != 403 {
				t.Errorf("%s, %s: got %d, want 403", name, path, got.status)
			}
		}
	}
	v.get("/all").want(200, "All").says("stay").lacks("planted")
	if got := v.now(made.ID); got.Title != "stay" || got.Completed || got.Snoozed != nil {
		t.Errorf("got %+v, want nothing changed", got)
	}
}

func TestFragments(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	made := v.make(map[string]any{"title": "x"})
	here := []string{"HX-Request", "true", "HX-Current-URL", shared.URL + "/all"}
	fragment := v.get("/all", here...)
	if strings.Contains(fragment.raw, "<html") || !strings.HasPrefix(fragment.raw, "<title>All") {
		t.Errorf("got %s, want the fragment only", fragment.raw)
	}
	if fragment.header.Get("HX-Push-Url") != "false" || !strings.Contains(strings.Join(fragment.header.Values("Vary"), ", "), "HX-Request") {
		t.Errorf("got the header %v, want no new address and an answer for htmx only", fragment.header)
	}
	// A form leads back to the page in the browser and shows its flash message there.
	done := v.get("/all").form("/tasks/"+made.ID+"/complete").fill("back", "/today").send(here...)
	done.says("Completed “x”", "Undo")
	if done.path != "/all" || strings.Contains(done.raw, "<html") || !strings.Contains(done.raw, `id="notice" hx-swap-oob="innerHTML"`) {
		t.Errorf("got %s: %s", done.path, done.raw)
	}
	// An error is shown beside the typed text.
	refused := v.do("POST", "/tasks", url.Values{"line": {""}}, here...)
	if refused.status != 422 || refused.header.Get("HX-Retarget") != "#problem" || refused.header.Get("HX-Push-Url") != "false" {
		t.Errorf("got %d, %v", refused.status, refused.header)
	}
	refused.says("Title is required.")
	// A background refresh leaves the flash message for the next page.
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if got := v.get("/all").form("/tasks").fill("line", "y").send(); got.status != 303 {
		t.Errorf("got %d, want 303", got.status)
	}
	v.get("/all", append(here, "Taskmaster-Refresh", "1")...).lacks("Added “y”")
	v.get("/all", here...).says("Added “y”")
}

func TestNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)"} {
		other := newBrowser(t)
		other.person = v.person
		got := other.get("/enter?next="+url.QueryEscape(next)).form("/login").fill("email", v.person.Email, "password", v.person.Password, "next", next).send()
		if got.want(200, "Today").path != "/today" {
			t.Errorf("%q led to %s", next, got.path)
		}
		if got := v.get("/all").form("/tasks").fill("line", "x", "back", next).send(); got.path != "/today" {
			t.Errorf("back to %q led to %s", next, got.path)
		}
	}
}

// A form that is sent after the session ended keeps its typed text.
func TestLoggedOutWhileTyping(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	made := v.make(map[string]any{"title": "long letter"})
	f := v.get("/task/"+made.ID).form("/tasks/"+made.ID).fill("description", "many words")
	v.client.Jar = newBrowser(t).client.Jar
	answer := f.send("HX-Request", "true", "HX-Current-URL", shared.URL+"/task/"+made.ID)
	answer.says("You are not logged in any more.", "what you typed is still here")
	if answer.status != 401 || answer.header.Get("HX-Retarget") != "#problem" || answer.header.Get("HX-Push-Url") != "false" {
		t.Errorf("got %d, %v", answer.status, answer.header)
	}
	f.send().want(200, "Welcome to TaskMaster")
}
