//go:build browser

package browser

import (
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
	// The page has processed the response when htmx reports the end of the request.
	w.do(chromedp.Evaluate(`window.answered = 0; document.addEventListener("htmx:finally:request", (e) => {
		const {method, action} = e.detail.ctx.request;
		if (method === `+quote(method)+` && new URL(action, location.href).pathname.startsWith(`+quote(path)+`)) window.answered++;
	})`, nil))
	return func() { w.t.Helper(); close(held); w.see("window.answered > 0"); restore() }
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
