package browser

import (
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// hold keeps back what requests for paths that begin like this are answered with, until release is called. The service
// worker is left out: what it asks for the page is its own.
func (w *window) hold(method, path string) (release func()) {
	w.t.Helper()
	held := make(chan struct{})
	w.do(network.SetBypassServiceWorker(true))
	restore := w.intercept(method, "*"+path+"*", fetch.RequestStageResponse, func(id fetch.RequestID) chromedp.Action {
		<-held
		return fetch.ContinueRequest(id)
	})
	// What the page does about the answer is done when htmx says so.
	w.do(chromedp.Evaluate(`window.answered = 0; document.addEventListener("htmx:finally:request", (e) => {
		const {method, action} = e.detail.ctx.request;
		if (method === `+quote(method)+` && new URL(action, location.href).pathname.startsWith(`+quote(path)+`)) window.answered++;
	})`, nil))
	return func() { w.t.Helper(); close(held); w.see("window.answered > 0"); restore() }
}

// Who is at another view when a form is answered stays there. What was done is seen there, and so is what was refused.
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
		t.Errorf("it is at %s now", where)
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
		t.Errorf("it is at %s now", where)
	}
	w.clickText("#waiting button", "Put it back into the line")
	w.waiting(0)
	w.see(`document.getElementById("line").value === "   " && document.getElementById("add-priority").value === "high"`)
}

// Of two links that were clicked the second one holds, whichever is answered first.
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
