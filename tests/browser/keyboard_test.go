//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// All daily tasks work without a mouse: add, open, edit, complete, undo, change the view.
func TestKeyboardOnly(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()

	w.press("n")
	w.see(`document.activeElement.id === "line"`)
	w.enter("buy milk tomorrow 10:00")
	w.shows("buy milk")
	id := p.hasOne("buy milk").ID

	w.press(kb.Escape, "j")
	w.see(`document.activeElement.closest("[data-task]")?.dataset.task === ` + quote(id))
	w.press("e")
	w.see(`location.pathname === "/task/` + id + `"`)
	w.tabTo(`#edit-title`)
	w.press(kb.End, " and bread", kb.Enter)
	p.hasOne("buy milk and bread")
	w.see(`!document.querySelector("[data-dirty]")`)

	w.press(kb.Escape)
	w.leaveField()
	w.press("g", "a")
	w.see(`document.activeElement.id === "title" && document.activeElement.textContent === "All"`)
	w.press("j")
	w.see(`document.activeElement.closest("[data-task]")`)
	w.press("x")
	w.hides("buy milk and bread")
	p.completes(id)
	w.see(`document.querySelector("#notice [data-undo]")`)
	w.press("z")
	w.shows("buy milk and bread")

	w.press("?")
	w.see(`document.getElementById("help").open`)
	w.press(kb.Escape)
	w.see(`!document.getElementById("help").open`)
	w.press("/")
	w.see(`document.activeElement.id === "q"`)
	w.enter("bread")
	w.see(`location.pathname === "/search"`)
	w.shows("buy milk and bread")
}

// tabTo presses Tab until an element has the focus.
func (w *window) tabTo(selector string) {
	w.t.Helper()
	for range 80 {
		if value[bool](w, `document.activeElement.matches(`+quote(selector)+`)`) {
			return
		}
		w.press(kb.Tab)
	}
	w.t.Fatalf("Tab does not reach %s", selector)
}

// leaveField moves the focus out of a field with Tab, so that single keys are shortcuts again.
func (w *window) leaveField() {
	w.t.Helper()
	for range 80 {
		if !value[bool](w, `document.activeElement.matches("input, textarea, select, dialog *")`) {
			return
		}
		w.press(kb.Tab)
	}
	w.t.Fatal("Tab does not leave the fields")
}
