//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"taskmaster/tests/system"
)

// waiting waits until the page shows n waiting changes.
func (w *window) waiting(n int) {
	w.t.Helper()
	w.see(fmt.Sprintf(`document.querySelectorAll("#waiting [data-change]").length === %d`, n))
}

// kept waits until the service worker has cached a view.
func (w *window) kept(path string) {
	w.t.Helper()
	w.see("navigator.serviceWorker.ready")
	w.see(`caches.open("views").then((c) => c.match(` + quote(path) + `))`)
}

// rename changes the title of the task on the page.
func (w *window) rename(title string) {
	w.t.Helper()
	w.fill("#edit-title", title)
	w.press(kb.Enter)
}

// Loaded views work without a network. Changes wait, survive a reload and a closed tab, and are
// sent once when the network is back. No change is lost or made twice.
func TestOffline(t *testing.T) {
	p := newPerson(t)
	done := p.create(fields{"title": "complete me", "due_at": today()})
	edited := p.create(fields{"title": "edit me", "due_at": today()})
	gone := p.create(fields{"title": "delete me", "due_at": today()})
	w := p.window("/upcoming")
	w.watch.excuseNetwork()
	w.live()
	w.kept("/upcoming")
	w.open("/all")
	w.live()
	w.kept("/all")
	w.open("/task/" + edited.ID)
	w.live()
	w.kept("/task/" + edited.ID)

	w.device.offline()
	w.seeText("Offline")
	w.rename("edited twice")
	w.waiting(1)
	w.rename("edited offline")
	w.waiting(2)
	w.open("/all")
	w.shows("delete me")
	w.waiting(2)
	w.add("added offline tomorrow 10:00")
	w.waiting(3)
	w.click(row(done.ID) + " [data-complete]")
	w.waiting(4)
	w.see(`document.querySelector(` + quote(row(done.ID)) + `).dataset.waiting === "complete"`)
	w.click(row(gone.ID) + " form[data-delete] button")
	w.waiting(5)

	w.reload()
	w.shows("complete me")
	w.waiting(5)
	w.do(page.Close())
	w = w.device.window()
	w.watch.excuseNetwork()
	w.open("/upcoming")
	w.waiting(5)
	w.seeText("Offline")
	if n := len(p.tasks()); n != 3 {
		t.Errorf("there are %d tasks, want 3: nothing can have been sent", n)
	}

	w.device.online()
	w.waiting(0)
	w.live()
	w.open("/all")
	w.shows("edited offline")
	w.hides("complete me")
	w.hides("delete me")
	w.shows("added offline")
	p.hasOne("added offline")
	if got := p.task(edited.ID); got.Title != "edited offline" {
		t.Errorf("got %+v, want the later edit", got)
	}
	p.completes(done.ID)
	p.hasNone("delete me")
	if n := len(p.tasks()); n != 3 {
		t.Errorf("there are %d tasks, want 3", n)
	}
}

// A task that was postponed offline moves when the network is back. If others moved it meanwhile,
// the user is asked. Successive changes of the same user do not conflict.
func TestLaterOffline(t *testing.T) {
	p := newPerson(t)
	mine := p.create(fields{"title": "mine", "due_at": today()})
	theirs := p.create(fields{"title": "theirs", "due_at": today()})
	gone := p.create(fields{"title": "gone", "due_at": today()})
	w := p.window("/all")
	w.watch.excuseNetwork()
	w.watch.excuse("412")
	w.live()
	w.kept("/all")
	w.device.offline()
	w.seeText("Offline")
	for i, made := range []system.Task{mine, theirs, gone} {
		w.click(row(made.ID) + " .later summary")
		w.click(row(made.ID) + " [data-tomorrow]")
		w.waiting(i + 1)
	}
	w.seeText("Move “mine”")
	w.click(row(gone.ID) + " form[data-delete] button")
	w.waiting(4)
	nextMonth := time.Now().UTC().AddDate(0, 1, 0).Truncate(time.Minute)
	p.do("PATCH", "/tasks/"+theirs.ID, fields{"due_at": nextMonth}, nil)

	w.device.online()
	w.waiting(1)
	p.hasNone("gone")
	isDue := func(id string, want time.Time) {
		t.Helper()
		p.until("the due date changes", func() error {
			if due := p.task(id).DueAt; due == nil || !due.Equal(want) {
				return fmt.Errorf("due %v, want %v", due, want)
			}
			return nil
		})
	}
	isDue(mine.ID, mine.DueAt.AddDate(0, 0, 1))
	isDue(theirs.ID, nextMonth)
	w.clickText("#waiting button", "Move it anyway")
	w.waiting(0)
	isDue(theirs.ID, time.Date(mine.DueAt.Year(), mine.DueAt.Month(), mine.DueAt.Day()+1, nextMonth.Hour(), nextMonth.Minute(), 0, 0, time.UTC))
}

// A change whose response was lost is not made again when it is repeated.
func TestLostAnswers(t *testing.T) {
	p := newPerson(t)
	due := today()
	repeats := p.create(fields{"title": "repeats", "due_at": due, "recurrence": fields{"rrule": "daily"}})
	edited := p.create(fields{"title": "edit me", "due_at": due})
	w := p.window("/all")
	w.watch.excuseNetwork()
	w.live()
	restore := w.loseAnswers()
	w.add("added once")
	w.waiting(1)
	p.hasOne("added once")
	w.click(row(repeats.ID) + " [data-complete]")
	w.waiting(2)
	w.open("/task/" + edited.ID)
	w.rename("edited once")
	w.waiting(3)
	restore()
	w.waiting(0)
	w.open("/all")
	w.shows("edited once")
	p.hasOne("added once")
	p.until("the next occurrence exists", func() error {
		if n := len(p.titled("repeats")); n != 2 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	if n := len(p.tasks()); n != 4 {
		t.Errorf("there are %d tasks, want 4", n)
	}
}

// loseAnswers delivers forms to the server but drops the responses, until restore is called.
func (w *window) loseAnswers() (restore func()) {
	w.t.Helper()
	return w.intercept("POST", "*/tasks*", fetch.RequestStageResponse, func(id fetch.RequestID) chromedp.Action {
		return fetch.FailRequest(id, network.ErrorReasonConnectionReset)
	})
}

// intercept decides about requests or responses in transit, until restore is called.
func (w *window) intercept(method, pattern string, stage fetch.RequestStage, decide func(fetch.RequestID) chromedp.Action) (restore func()) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	chromedp.ListenTarget(ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() { // a listener must not wait for the browser
			var action chromedp.Action = fetch.ContinueRequest(paused.RequestID)
			if paused.Request.Method == method {
				action = decide(paused.RequestID)
			}
			_ = chromedp.Run(w.ctx, action) // the page may have gone
		}()
	})
	w.do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: pattern, RequestStage: stage}}))
	return func() { w.do(fetch.Disable()); stop() }
}

// An overloaded server names a time to wait, and gets no requests until then.
func TestBusyServer(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.watch.excuse("503", "429")
	w.live()
	var asked []time.Time
	var mu sync.Mutex
	restore := w.answerPosts(func() (status int64, header string) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, time.Now())
		return []int64{503, 429}[len(asked)%2], "2"
	})
	w.add("added when there was time")
	w.waiting(1)
	w.seeText("There is much to do at the server.")
	w.add("added while it was waited") // must not cause an earlier request, and neither must the online event
	w.waiting(2)
	w.see(`dispatchEvent(new Event("online"))`)
	p.until("the change is sent three times", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(asked) < 3 {
			return errors.New("fewer than 3 requests")
		}
		return nil
	})
	restore()
	w.waiting(0)
	p.hasOne("added when there was time")
	p.hasOne("added while it was waited")
	mu.Lock()
	defer mu.Unlock()
	for i, at := range asked[1:] {
		if pause := at.Sub(asked[i]); pause < 2*time.Second {
			t.Errorf("the server was asked again after %s, want at least 2 s", pause)
		}
	}
}

// answerPosts answers forms in place of the server, until restore is called.
func (w *window) answerPosts(answer func() (status int64, retryAfter string)) (restore func()) {
	w.t.Helper()
	return w.intercept("POST", "*/tasks*", fetch.RequestStageRequest, func(id fetch.RequestID) chromedp.Action {
		status, after := answer()
		return fetch.FulfillRequest(id, status).WithResponseHeaders([]*fetch.HeaderEntry{{Name: "Retry-After", Value: after}})
	})
}

// A change that is taken back while it is being sent does not return.
func TestTakeBack(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.watch.excuseNetwork()
	w.watch.excuse("500")
	w.live()
	w.kept("/all")
	w.device.offline()
	w.add("not that")
	w.waiting(1)
	sent, taken := make(chan struct{}, 8), make(chan struct{})
	restore := w.answerPosts(func() (status int64, header string) {
		sent <- struct{}{}
		<-taken
		return 500, ""
	})
	w.see(`document.querySelector("#waiting button")`)
	w.do(chromedp.Evaluate(`window.button = document.querySelector("#waiting button"); window.hints = [];
		new MutationObserver(() => window.hints.push(document.querySelector("#waiting .hint").textContent))
			.observe(document.getElementById("waiting"), {subtree: true, childList: true, characterData: true})`, nil))
	w.device.online()
	select {
	case <-sent:
	case <-within(t).Done():
		t.Fatal("the change was not sent")
	}
	w.see(`window.hints.includes("They are being sent.")`)
	w.see(`window.button.isConnected`) // a new text above must not replace the button, because the user may be pressing it
	w.clickText("#waiting button", "Take back")
	w.waiting(0)
	close(taken)
	w.see(`document.querySelector("#waiting .hint").textContent !== "They are being sent."`)
	restore()
	w.reload()
	w.live()
	w.add("but this")
	p.hasOne("but this")
	w.see(`new Promise((resolve) => { indexedDB.open("taskmaster", 1).onsuccess = ({target: {result: db}}) => {
		db.transaction("changes").objectStore("changes").count().onsuccess = ({target}) => resolve(target.result === 0); db.close() } })`)
	if n := len(p.tasks()); n != 1 {
		t.Errorf("there are %d tasks, want one", n)
	}
}

// Two tabs of a browser send each change once.
func TestTwoTabsSendOnce(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()
	w.kept("/all")
	other := w.device.window()
	other.open("/all")
	other.live()
	for _, tab := range []*window{w, other} {
		tab.watch.excuseNetwork()
	}
	w.device.offline()
	for i := range 4 {
		w.add(fmt.Sprintf("from one %d", i))
		other.add(fmt.Sprintf("from the other %d", i))
	}
	w.waiting(8)
	other.waiting(8)
	w.device.online()
	w.waiting(0)
	other.waiting(0)
	for i := range 4 {
		p.hasOne(fmt.Sprintf("from one %d", i))
		p.hasOne(fmt.Sprintf("from the other %d", i))
	}
	if n := len(p.tasks()); n != 8 {
		t.Errorf("there are %d tasks, want 8", n)
	}
}

// Waiting changes belong to the user who made them. Logging out warns about them. Another user
// neither sees nor sends them.
func TestQueueBelongsToItsUser(t *testing.T) {
	mine, theirs := newPerson(t), newPerson(t)
	w := mine.window("/all")
	w.watch.excuseNetwork()
	w.watch.excuse("401") // for the request without a session
	w.watch.excuse("403") // for requests of the old page after another account has logged in
	w.live()
	w.kept("/all")
	w.device.offline()
	w.add("mine alone")
	w.waiting(1)

	w.click("details.account summary")
	w.click(`form[action="/logout"] button`)
	w.seeText("One change has not been sent")
	w.clickText("dialog button", "Stay")
	w.waiting(1)

	// The session ends without a logout, and another user logs in.
	w.device.login(theirs.Person)
	w.do(mark)
	w.device.online()
	w.see(`!window.marked && document.getElementById("app").dataset.user === ` + quote(theirs.ID))
	w.live()
	w.waiting(0)
	w.add("theirs alone")
	theirs.hasOne("theirs alone")
	if n := len(theirs.tasks()); n != 1 {
		t.Errorf("the other user has %d tasks, want one", n)
	}
	if n := len(mine.tasks()); n != 0 {
		t.Errorf("there are %d tasks, want the change to wait", n)
	}

	w.do(chromedp.Navigate("about:blank")) // the other user's page would reload by itself
	w.device.login(mine.Person)
	w.open("/all")
	w.shows("mine alone")
	mine.hasOne("mine alone")
	w.waiting(0)
	w.click("details.account summary")
	w.click(`form[action="/logout"] button`)
	w.see(`location.pathname === "/enter"`)
	w.see(`caches.has("views").then((has) => !has)`)
}
