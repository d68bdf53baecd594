//go:build browser

package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"taskmaster/tests/system"
)

// countSockets records the page's WebSockets in window.sockets. window.asleep sets the time for
// which the device slept.
const countSockets = `window.sockets = [];
window.WebSocket = class extends WebSocket { constructor(...args) { super(...args); window.sockets.push(this); } };
window.asleep = 0;
const now = Date.now;
Date.now = () => now() + window.asleep;`

// counted opens a page that counts its sockets.
func (p person) counted(path string) *window {
	p.t.Helper()
	d := newDevice(p.t)
	d.login(p.Person)
	w := d.window()
	w.beforePages(countSockets)
	w.open(path)
	w.live()
	return w
}

const shownAsLive = `document.getElementById("connection").dataset.state === "live"`

// A connection that died without a close is not shown as live. The page reconnects by itself.
func TestSilence(t *testing.T) {
	p := newPerson(t)
	w := p.counted("/all")
	w.watch.excuseNetwork()
	w.device.link.Stall()
	p.create(fields{"title": "missed", "due_at": today()})
	w.see("!(" + shownAsLive + ")")
	w.hides("missed")
	w.device.link.Forget()
	w.device.link.Mend()
	w.live()
	w.shows("missed")
	p.create(fields{"title": "live again", "due_at": today()})
	w.shows("live again")
}

// The connection may have died while the device slept, the page was hidden or the network was down.
// The page then reconnects at once instead of waiting for a silence.
func TestComesBack(t *testing.T) {
	for name, comesBack := range map[string]func(w *window){
		"shown": func(w *window) {
			w.do(chromedp.Evaluate(`document.dispatchEvent(new Event("visibilitychange"))`, nil))
		},
		"online": func(w *window) {
			w.do(network.EmulateNetworkConditions(true, 0, -1, -1))
			w.see("!(" + shownAsLive + ")")
			w.do(network.EmulateNetworkConditions(false, 0, -1, -1))
		},
		"awake": func(w *window) {
			w.do(chromedp.Evaluate(`window.asleep += 11_000`, nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t)
			w := p.counted("/all")
			w.watch.excuseNetwork()
			w.device.link.Forget()
			made := p.create(fields{"title": "missed", "due_at": today()})
			before := value[int](w, "sockets.length")
			comesBack(w)
			w.see(fmt.Sprintf("sockets.length > %d", before))
			w.live()
			w.see("document.querySelector(" + quote(row(made.ID)) + ")")
		})
	}
}

// The page is live under every host name that reaches the system, not only under the configured
// one.
func TestAnyName(t *testing.T) {
	p := newPerson(t)
	d := newDevice(t)
	d.url = strings.Replace(d.url, "127.0.0.1", "box.localhost", 1) // a name that browsers resolve themselves
	w := d.window()
	w.open("/enter")
	w.fill("#email", p.Email)
	w.fill("#password", p.Password)
	w.submit("form[data-enter] button:not([formaction])")
	w.live()
	p.create(fields{"title": "elsewhere", "due_at": today()})
	w.shows("elsewhere")
}

// The 51st window of an account shows why it is not live. It connects when another window is
// closed.
func TestTooManyWindows(t *testing.T) {
	p := newPerson(t)
	var sockets []*system.Socket
	for range 50 {
		s, err := p.Watch(t.Context(), p.Base, -1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		sockets = append(sockets, s)
	}
	w := p.window("/all")
	w.seeText("50 windows of this account are open already.")
	w.see(`document.getElementById("connection").textContent === "Not live"`)
	for _, s := range sockets[:5] {
		s.Close()
	}
	w.live()
	w.see(`!document.body.innerText.includes("50 windows")`)
}
