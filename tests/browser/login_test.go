//go:build browser

package browser

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// A user creates an account, logs out and logs in again.
func TestSignUpAndLogIn(t *testing.T) {
	w := newDevice(t).window()
	email := strings.ToLower(rand.Text()) + "@example.com"
	w.open("/")
	w.fill("#email", email)
	w.fill("#password", "a long password")
	w.click(`button[formaction="/signup"]`)
	w.see(`location.pathname === "/today"`)
	w.seeText("Nothing is due today")
	w.live() // scripts have added their entry to the menu

	w.click("details.account summary")
	w.seeText(email)
	w.click(`form[action="/logout"] button`)
	w.see(`location.pathname === "/enter"`)

	w.open("/settings/import")
	w.see(`location.pathname === "/enter"`)
	w.watch.excuse("401", "422") // the status for a wrong password
	w.fill("#email", email)
	w.fill("#password", "another password")
	w.click("form[data-enter] button:not([formaction])")
	w.see(`document.querySelector("[role=alert].refused")`)
	w.fill("#password", "a long password")
	w.click("form[data-enter] button:not([formaction])")
	w.see(`location.pathname === "/settings/import"`)
}

// Without scripts the basics work: log in, add, complete, reopen, delete, log out.
func TestWithoutJavaScript(t *testing.T) {
	p := newPerson(t)
	d := newDevice(t)
	w := d.window()
	w.do(emulation.SetScriptExecutionDisabled(true))
	w.open("/enter")
	w.fill("#email", p.Email)
	w.fill("#password", p.Password)
	w.submit("form[data-enter] button:not([formaction])")
	w.seeText("Nothing is due today")
	w.add("water plants today 23:59 #home")
	w.seeText("water plants")
	made := p.hasOne("water plants")
	if len(made.Tags) != 1 || made.DueAt == nil {
		t.Errorf("got %+v, want a tag and a due date", made)
	}
	w.submit(row(made.ID) + " [data-complete]")
	p.completes(made.ID)
	w.open("/today")
	w.add("throw away today 23:59")
	gone := p.hasOne("throw away")
	w.submit(row(gone.ID) + " form[data-delete] button")
	w.seeText("It is deleted for good") // no script could undo it
	w.submit("main button.danger")
	p.hasNone("throw away")
	w.click("details.account summary")
	w.submit(`form[action="/logout"] button`)
	w.seeText("Log in")
}
