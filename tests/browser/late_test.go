//go:build browser

package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// hold delays the responses to requests whose paths begin with path, until release is called. It
// bypasses the service worker, whose own requests would be delayed as well.
func (w *window) hold(method, path string) (release func()) {
	w.t.Helper()
	held := make(chan struct{})
	w.do(network.SetBypassServiceWorker(true))
	restore := w.intercept(method, "*"+path+"*", fetch.RequestStageResponse, func(id fetch.RequestID) chromedp.Action {
		<-held
		return fetch.ContinueRequest(id)
	})
	// The page has processed the response when htmx reports the end of the request. The page may reload
	// after that, which sessionStorage outlives.
	w.do(chromedp.Evaluate(`sessionStorage.removeItem("answered"); document.addEventListener("htmx:finally:request", (e) => {
		const {method, action} = e.detail.ctx.request;
		if (method === `+quote(method)+` && new URL(action, location.href).pathname.startsWith(`+quote(path)+`)) sessionStorage.setItem("answered", "yes");
	})`, nil))
	return func() { w.t.Helper(); close(held); w.see(`sessionStorage.getItem("answered") === "yes"`); restore() }
}

// The user opened another view before a form was answered. That view stays, and shows the result or
// the refusal.
func TestFormIsAnsweredLate(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()
	release := w.hold("POST", "/tasks")
	w.add("added late")
	p.hasOne("added late")
	w.click("#q")
	w.enter("late")
	w.see(`location.pathname === "/search" && document.getElementById("title").textContent.includes("late")`)
	release()
	if where := w.where(); where != "/search?q=late" {
		t.Errorf("the page is %s, want the view that was opened last", where)
	}
	w.shows("added late")
	w.see(`document.title.includes("late")`)

	w.watch.excuse("422")
	w.open("/all")
	w.live()
	release = w.hold("POST", "/tasks")
	w.click("details.by-hand summary")
	w.do(chromedp.SetValue("#add-priority", "high", chromedp.ByQuery))
	w.add("   ")
	w.click(`nav a[href="/upcoming"]`)
	w.see(`location.pathname === "/upcoming"`)
	release()
	w.see(`document.querySelector("#waiting [data-conflict='422']")`)
	if where := w.where(); where != "/upcoming" {
		t.Errorf("the page is %s, want the view that was opened last", where)
	}
	w.clickText("#waiting button", "Put it back into the line")
	w.waiting(0)
	w.see(`document.getElementById("line").value === "   " && document.getElementById("add-priority").value === "high"`)
}

// Of two clicked links the second one wins, regardless of the order of the responses.
func TestLinkIsAnsweredLate(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()
	release := w.hold("GET", "/calendar")
	w.click(`nav a[href="/calendar"]`)
	w.click(`nav a[href="/upcoming"]`)
	w.see(`location.pathname === "/upcoming" && document.getElementById("title").textContent === "Upcoming"`)
	release()
	w.see(`location.pathname === "/upcoming" && document.getElementById("title").textContent === "Upcoming"`)
}

// The user goes on typing while the form is being saved, and saves again before the answer. The answer
// to the first save takes nothing back.
func TestTypedWhileTheFormIsSent(t *testing.T) {
	p := newPerson(t)
	task := p.create(fields{"title": "buy a tree", "priority": "low"})
	w := p.window("/task/" + task.ID)
	w.live()
	release := w.hold("POST", "/tasks")
	w.set("priority", "high")
	w.click("#edit > .actions button")
	p.until("the first change is stored", func() error {
		if got := p.task(task.ID).Priority; got != "high" {
			return fmt.Errorf("the priority is %s", got)
		}
		return nil
	})
	w.set("description", "an oak")
	w.set("priority", "low") // as it was
	w.click("#edit > .actions button")
	w.set("description", "an oak, or a lime")
	release()
	p.until("the second change is stored", func() error {
		if got := p.task(task.ID); got.Priority != "low" || !strings.HasPrefix(got.Description, "an oak") {
			return fmt.Errorf("the task is %+v", got)
		}
		return nil
	})
	w.see(`document.getElementById("description").value === "an oak, or a lime"`)
	w.click("#edit > .actions button")
	p.until("the rest is stored", func() error {
		if got := p.task(task.ID).Description; got != "an oak, or a lime" {
			return fmt.Errorf("the notes are %q", got)
		}
		return nil
	})
}
