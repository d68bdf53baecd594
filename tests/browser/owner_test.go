package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// logInInstead logs somebody in in a browser in which somebody else is, from another tab.
func (w *window) logInInstead(p person) {
	w.t.Helper()
	w.see(fmt.Sprintf(`fetch("/api/v1/login", {method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({email: %s, password: %s})}).then((r) => r.status === 200)`, quote(p.Email), quote(p.Password)))
}

// Somebody logs in in another tab of a browser: what is typed in the old tab stays there, and becomes nobody else's task.
func TestTwoPeopleInTwoTabs(t *testing.T) {
	ada, bob := newPerson(t), newPerson(t)
	edited := ada.create(fields{"title": "of Ada's", "due_at": today()})
	// By a session of the browser's own: the login that follows ends it.
	w := newDevice(t).window()
	w.watch.excuseNetwork()
	w.watch.excuse("401", "403")
	w.open("/enter")
	w.logInInstead(ada)
	w.open("/all")
	w.live()
	w.click(line)
	w.press("flowers for Bob")
	editor := w.device.window()
	editor.watch.excuseNetwork()
	editor.watch.excuse("401", "403")
	editor.open("/task/" + edited.ID)
	editor.live()
	editor.fill("#edit-title", "changed in the old tab")

	other := w.device.window()
	other.watch.excuseNetwork()
	other.watch.excuse("401", "403")
	other.open("/today")
	other.logInInstead(bob)
	w.press(kb.Enter)
	w.seeText("This page belongs to " + ada.Email + "; you are now logged in as " + bob.Email + ".")
	w.see(`document.getElementById("line").value === "flowers for Bob"`)
	editor.press(kb.Enter)
	editor.see(`document.getElementById("problem").textContent.includes("you are now logged in as ")`)
	editor.see(`document.getElementById("edit-title").value === "changed in the old tab"`)
	if n := len(bob.tasks()); n != 0 {
		t.Errorf("Bob has %d tasks, want none", n)
	}

	// Once she is back, it is sent as it was typed.
	other.logInInstead(ada)
	w.click(line)
	w.press(kb.Enter)
	ada.hasOne("flowers for Bob")
	editor.click("#edit-title")
	editor.press(kb.Enter)
	ada.until("it is renamed", func() error {
		if got := ada.task(edited.ID).Title; got != "changed in the old tab" {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
	if n := len(bob.tasks()); n != 0 {
		t.Errorf("Bob has %d tasks, want none", n)
	}
}

// What somebody did without a network waits for them, whoever is logged in when there is one again.
func TestKeptChangesAreNobodyElses(t *testing.T) {
	ada, bob := newPerson(t), newPerson(t)
	w := ada.window("/all")
	w.watch.excuseNetwork()
	w.watch.excuse("401", "403")
	w.live()
	w.kept("/all")
	w.device.offline()
	w.seeText("Offline")
	w.add("typed by Ada without a network")
	w.waiting(1)

	w.device.login(bob.Person)
	w.device.online()
	bobs := w.device.window()
	bobs.watch.excuseNetwork()
	bobs.watch.excuse("401", "403")
	bobs.open("/all")
	bobs.live()
	bobs.add("typed by Bob")
	bob.hasOne("typed by Bob")
	if n := len(bob.tasks()); n != 1 {
		t.Errorf("Bob has %d tasks, want his own alone", n)
	}
	if n := len(ada.tasks()); n != 0 {
		t.Errorf("Ada has %d tasks, want none yet", n)
	}
	bobs.do(chromedp.Navigate("about:blank")) // Bob's page would load itself anew, and end the next load
	w.device.login(ada.Person)
	bobs.open("/all")
	ada.hasOne("typed by Ada without a network")
	if n := len(bob.tasks()); n != 1 {
		t.Errorf("Bob has %d tasks, want his own alone", n)
	}
}
