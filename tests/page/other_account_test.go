package page

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Every form that changes something names the account, on every page.
func TestFormsNameTheirAccount(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	made := v.make(map[string]any{"title": "x", "tags": []string{"home"}, "due_at": "2031-03-01T08:00:00Z"})
	v.api("POST", "/channels", map[string]string{"kind": "webhook", "url": "https://example.com/hook"}, nil)
	v.api("POST", "/tokens", map[string]any{"name": "x", "scopes": []string{"tasks:read"}}, nil)
	forms := 0
	pages := []*document{v.get("/all").form("/tasks/" + made.ID + "/delete").send()}
	for _, path := range []string{
		"/today", "/upcoming", "/all", "/done", "/calendar?day=2031-03-01", "/search?q=x", "/tag/home", "/task/" + made.ID,
		"/settings/account", "/settings/notifications", "/settings/import",
	} {
		pages = append(pages, v.get(path))
	}
	for _, d := range pages {
		for n := range d.root.Descendants() {
			if n.Data != "form" || !strings.EqualFold(attribute(n, "method"), "post") {
				continue
			}
			forms++
			if got := field(n, "account"); !strings.HasSuffix(got, " "+v.person.Email) {
				t.Errorf("%s: the form to %s names %q, want the account of %s", d.path, attribute(n, "action"), got, v.person.Email)
			}
		}
	}
	if forms < 30 {
		t.Errorf("found %d forms, want at least 30", forms)
	}
}

// field returns the value of an input of a form.
func field(form *html.Node, name string) string {
	for n := range form.Descendants() {
		if n.Data == "input" && attribute(n, "name") == name {
			return attribute(n, "value")
		}
	}
	return ""
}

// A page was left open and another account has logged in since. Its forms change nothing, and the
// answer shows the typed text. This works without scripts, too.
func TestFormOfAnotherAccount(t *testing.T) {
	t.Parallel()
	ada, bob := newVisitor(t, "UTC"), newVisitor(t, "UTC")
	made := ada.make(map[string]any{"title": "Ada’s"})
	add, edit := ada.get("/all").form("/tasks"), ada.get("/task/"+made.ID).form("/tasks/"+made.ID)
	logout := ada.get("/all").form("/logout")
	ada.client.Jar = bob.client.Jar
	words := "This page belongs to " + ada.person.Email + "; you are now logged in as " + bob.person.Email + "."
	for _, d := range []*document{
		add.fill("line", "a long thought").send(),
		edit.fill("title", "another title", "description", "many words").send(),
		logout.send(),
	} {
		if d.status != 403 {
			t.Errorf("%s: got %d, want 403", d.path, d.status)
		}
		d.says(words, "Somebody else is logged in")
	}
	if d := add.send(); !strings.Contains(d.raw, "a long thought</textarea>") {
		t.Errorf("got %s, want the typed text", d.raw)
	}
	bob.get("/all").want(200, "All").lacks("a long thought")
	if got := ada.now(made.ID); got.Title != "Ada’s" {
		t.Errorf("got %+v, want nothing changed", got)
	}
}
