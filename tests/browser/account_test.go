package browser

import (
	"errors"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"taskmaster/tests/system"
)

// Who leaves says so with their password, and nothing of theirs is left: not on the server, not in the browser.
func TestDeleteAccount(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "secret plans", "due_at": today()})
	w := p.window("/all")
	w.live()
	w.kept("/all")
	w.open("/settings/account")
	w.watch.excuse("401", "422") // a wrong password, and then nobody is logged in
	w.click(`details:has(form[action="/settings/delete"]) summary`)
	w.fill("#delete-password", "not the password")
	w.click(`form[action="/settings/delete"] button`)
	w.see(`document.getElementById("delete-wrong")?.textContent`)
	p.hasOne("secret plans")
	w.fill("#delete-password", p.Password)
	w.click(`form[action="/settings/delete"] button`)
	w.see(`location.pathname === "/enter"`)
	err := p.Do(t.Context(), "GET", "/me", nil, nil)
	if problem, ok := errors.AsType[*system.Problem](err); !ok || problem.Status != 401 {
		t.Errorf("got %v, want nobody to be there", err)
	}
	w.see(`caches.has("views").then((has) => !has)`)
	w.open("/all")
	w.see(`location.pathname === "/enter"`)
}

// A page says by itself that its session was ended elsewhere, although nothing changes.
func TestSessionEndsElsewhere(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.watch.excuse("401")
	w.live()
	p.do("POST", "/logout", nil, nil)
	w.see(`location.pathname === "/enter" && new URLSearchParams(location.search).get("next") === "/all"`)
	w.seeText("Your session has ended.")
	w.see(`document.getElementById("password")`)
}

// Whose session ends while something is typed keeps it, and goes on with it when logged in again.
func TestSessionEndsWhileTyping(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.watch.excuseNetwork()
	w.watch.excuse("401")
	w.live()
	w.click(line)
	w.press("half a sentence")
	p.do("POST", "/logout", nil, nil)
	w.seeText("Your session has ended.")
	w.see(`document.querySelector('#standing a[href="/enter"]')`)

	other := w.device.window()
	other.open("/enter")
	other.fill("#email", p.Email)
	other.fill("#password", p.Password)
	other.click("form[data-enter] button:not([formaction])")
	other.see(`location.pathname === "/today"`)
	w.live()
	w.see(`!document.querySelector("#standing a")`)
	w.press(kb.Enter)
	w.shows("half a sentence")
}
