//go:build browser

package browser

import (
	"errors"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"taskmaster/tests/system"
)

// Deleting the account needs the password. It removes all data from the server and from the
// browser.
func TestDeleteAccount(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "secret plans", "due_at": today()})
	w := p.window("/all")
	w.live()
	w.kept("/all")
	w.open("/settings/account")
	w.watch.excuse("401", "422") // for the wrong password, and after the deletion
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
		t.Errorf("got %v, want 401, as the account is deleted", err)
	}
	w.see(`caches.has("views").then((has) => !has)`)
	w.open("/all")
	w.see(`location.pathname === "/enter"`)
}

// A page notices that its session was ended elsewhere, even if no data changes.
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

// Typed text survives the end of the session, and can be sent after a new login.
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
