//go:build browser

package browser

import (
	"fmt"
	"strings"
	"testing"
)

// A refused form stays on the page with its errors, even if the task changes meanwhile.
func TestRefusedFormStays(t *testing.T) {
	p := newPerson(t)
	id := p.create(fields{"title": "ours"}).ID
	w := p.window("/task/" + id)
	w.watch.excuse("409")
	w.live()
	w.fill("#edit-title", "mine")
	p.do("PATCH", "/tasks/"+id, fields{"title": "theirs"}, nil)
	w.click("#edit > .actions button")
	w.see(`document.querySelector("section.conflicts")?.innerText.includes("theirs")`)
	p.do("PATCH", "/tasks/"+id, fields{"priority": "high"}, nil)
	w.see(`Number(document.getElementById("app").dataset.revision) === ` + fmt.Sprint(p.task(id).Revision))
	w.see(`document.querySelector("section.conflicts") && document.getElementById("edit-title").value === "mine"`)
}

// Menus, dialogs and refused forms are accessible in light and dark mode.
func TestMenusAndForms(t *testing.T) {
	p := newPerson(t)
	task := household(p)
	save := func(w *window) { w.click("#edit > .actions button") }
	for name, o := range map[string]struct {
		path string
		open func(w *window)
		see  string
	}{
		"shortcuts":      {"/today", func(w *window) { w.press("?") }, `document.getElementById("help").open`},
		"account menu":   {"/today", func(w *window) { w.click("details.account > summary") }, `document.querySelector("details.account").open`},
		"menu of a row":  {"/today", func(w *window) { w.click("details.later > summary") }, `document.querySelector("details.later").open`},
		"adding by hand": {"/today", func(w *window) { w.click("details.by-hand > summary") }, `document.querySelector("details.by-hand").open`},
		"the understood line": {"/today", func(w *window) { w.fill("#line", "sweep every monday !high #home") },
			`document.getElementById("understood").textContent.includes("Monday")`},
		"snoozing": {"/task/" + task, func(w *window) { w.click(".acts details.menu > summary") }, `document.querySelector(".acts details.menu").open`},
		"a token":  {"/settings/account", func(w *window) { w.clickText("summary", "Make a token") }, `document.getElementById("token-name").checkVisibility()`},
		"the end":  {"/settings/account", func(w *window) { w.clickText("summary", "Delete everything for good") }, `document.getElementById("delete-password").checkVisibility()`},
		"a mistake": {"/task/" + task, func(w *window) { w.fill("#time_zone", "Mars"); save(w) },
			`document.querySelector("#time_zone[aria-invalid=true][aria-describedby=zone-wrong]") && document.getElementById("zone-wrong")?.innerText.includes("Europe/Berlin")`},
		"a conflict": {"/task/" + task, func(w *window) {
			w.fill("#edit-title", "Pay the rent")
			p.do("PATCH", "/tasks/"+task, fields{"title": "Pay it"}, nil)
			save(w)
		}, `document.querySelector("section.conflicts")?.innerText.includes("Pay it")`},
	} {
		t.Run(name, func(t *testing.T) {
			w := person{p.Person, t}.window(o.path)
			w.settled()
			w.watch.excuse("status of 422", "status of 409")
			o.open(w)
			w.see(o.see)
			for _, scheme := range []string{"light", "dark"} {
				w.scheme(scheme)
				w.accessible(scheme)
				w.picture("opened-" + strings.ReplaceAll(name, " ", "-") + "-" + scheme)
			}
		})
	}
}
