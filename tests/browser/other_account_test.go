//go:build browser

package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// logInInstead logs in another user from another tab of the same browser.
func (w *window) logInInstead(p person) {
	w.t.Helper()
	w.see(fmt.Sprintf(`fetch("/api/v1/login", {method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({email: %s, password: %s})}).then((r) => r.status === 200)`, quote(p.Email), quote(p.Password)))
}

// Another user logs in in a second tab. The typed text in the old tab stays and does not become a
// task of the other user.
func TestTwoPeopleInTwoTabs(t *testing.T) {
	ada, bob := newPerson(t), newPerson(t)
	edited := ada.create(fields{"title": "of Ada's", "due_at": today()})
	// The browser creates its own session, because the following login ends it.
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

	// After the first user has logged in again, the text is sent as it was typed.
	other.logInInstead(ada)
	w.click(line)
	w.press(kb.Enter)
	ada.hasOne("flowers for Bob")
	editor.click("#edit-title")
	editor.press(kb.Enter)
	ada.until("the task is renamed", func() error {
		if got := ada.task(edited.ID).Title; got != "changed in the old tab" {
			return fmt.Errorf("got title %q", got)
		}
		return nil
	})
	if n := len(bob.tasks()); n != 0 {
		t.Errorf("Bob has %d tasks, want none", n)
	}
}

// The page notices the other user while a form is being sent. It does not reload then, because it
// would lose the text if the form were refused.
func TestOtherUserWhileAFormIsSent(t *testing.T) {
	ada, bob := newPerson(t), newPerson(t)
	w := newDevice(t).window()
	w.watch.excuseNetwork()
	w.watch.excuse("401", "403")
	w.open("/enter")
	w.logInInstead(ada)
	w.open("/all")
	w.live()
	release := w.hold("POST", "/tasks")
	w.click(line)
	w.press("flowers for Bob", kb.Enter)
	w.see(`document.getElementById("line").value === ""`)

	other := w.device.window()
	other.watch.excuseNetwork()
	other.watch.excuse("401", "403")
	other.open("/today")
	other.logInInstead(bob)
	w.seeText("Somebody else has logged in in this browser.")
	release()
	ada.hasOne("flowers for Bob")
	if n := len(bob.tasks()); n != 0 {
		t.Errorf("Bob has %d tasks, want none", n)
	}
}

// Offline changes wait for their owner, even if another user is logged in when the network is back.
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
		t.Errorf("Bob has %d tasks, want only his own", n)
	}
	if n := len(ada.tasks()); n != 0 {
		t.Errorf("Ada has %d tasks, want none yet", n)
	}
	bobs.do(chromedp.Navigate("about:blank")) // Bob's page would reload by itself and interrupt the next load
	w.device.login(ada.Person)
	bobs.open("/all")
	ada.hasOne("typed by Ada without a network")
	if n := len(bob.tasks()); n != 1 {
		t.Errorf("Bob has %d tasks, want only his own", n)
	}
}
