//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// payloads run a script if a page treats them as HTML, an address or JavaScript. Each calls
// attacked().
var payloads = []string{
	`<script>attacked(1)</script>`,
	`<img src=x onerror=attacked(2)>`,
	`"><svg onload=attacked(3)>`,
	`' autofocus onfocus=attacked(4) x='`,
	`</title></textarea><iframe srcdoc="<script>parent.attacked(5)</script>">`,
	`{{7*7}}${attacked(6)}`,
}

// notes holds Markdown that is known to bypass weak sanitisers.
const notes = "[click](javascript:attacked(7)) <img src=x onerror=attacked(8)> <javascript:attacked(9)>\n\n" +
	"![x](x\" onerror=\"attacked(10))\n\n<script>attacked(11)</script>\n\n[ref]: javascript:attacked(12)\n[ref]\n\n" +
	"[data](data:text/html,<script>attacked(13)</script>) **bold**"

// listen records attacks in window.attacks: scripts that ran and violations of the policy. It
// starts before the page's own scripts.
const listen = `window.attacks = [];
window.attacked = (n) => window.attacks.push("script " + n);
document.addEventListener("securitypolicyviolation", (e) => window.attacks.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));`

// Typed text is shown as text. No script runs, and nothing even reaches the
// Content-Security-Policy.
func TestTextStaysText(t *testing.T) {
	p := newPerson(t)
	w := p.window("/enter")
	w.beforePages(listen)
	var first string
	for i, payload := range payloads {
		made := p.create(fields{
			"title": payload, "description": notes + payload, "due_at": today(), "tags": []string{fmt.Sprintf(`t%d"><img/src=x`, i), `onerror=attacked(14)//`},
		})
		if first == "" {
			first = made.ID
		}
	}
	p.do("POST", "/channels", fields{"kind": "webhook", "url": `https://example.com/?"><img src=x onerror=attacked(15)>`}, nil)
	p.do("POST", "/tokens", fields{"name": payloads[1], "scopes": []string{"tasks:read"}}, nil)
	w.open("/all")
	w.add(payloads[1] + " today 23:59")
	p.until("the task is added", func() error {
		if n := len(p.tasks()); n != len(payloads)+1 {
			return fmt.Errorf("there are %d tasks", n)
		}
		return nil
	})
	w.click("#q")
	w.enter(payloads[2])
	w.see(`location.pathname === "/search" && document.getElementById("title").textContent.includes(` + quote(payloads[2]) + `)`)
	attacked := func(where string) {
		t.Helper()
		for _, attack := range value[[]string](w, "window.attacks") {
			t.Errorf("%s: %s", where, attack)
		}
	}
	attacked("as typed")
	for _, v := range append(views(first), view{"search", "/search?q=" + "%3Cimg+src%3Dx+onerror%3Dattacked(16)%3E"}, view{"tag", "/tag/t0%22%3E%3Cimg%2Fsrc=x"}, view{"nowhere", "/%3Cscript%3Eattacked(17)%3C/script%3E"}) {
		w.watch.excuse("404") // for the page that does not exist
		w.open(v.path)
		w.see(`document.readyState === "complete"`)
		for _, link := range value[[]string](w, `[...document.querySelectorAll("[href], [src], [action]")].flatMap((e) =>
			[e.href, e.src, e.action].filter((to) => typeof to === "string" && /^(javascript|data|vbscript):/i.test(to)))`) {
			t.Errorf("%s leads to %s", v.path, link)
		}
		attacked(v.path)
	}
	w.open("/task/" + first)
	w.seeText(`<script>attacked(1)</script>`)
}

// The policy forbids inline scripts and styles, and frames on other sites.
func TestPolicy(t *testing.T) {
	p := newPerson(t)
	for _, path := range []string{"/today", "/enter", "/sw.js", "/api/v1/openapi.json", "/nowhere"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, shared.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", p.Cookies())
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		policy := res.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: got policy %q", path, policy)
		}
	}
	// The browser enforces the policy: an injected script and style have no effect.
	w := p.window("/enter")
	w.beforePages(listen)
	w.watch.excuse("Content Security Policy", "404")
	w.open("/today")
	w.do(chromedp.Evaluate(`const script = document.createElement("script"); script.textContent = "attacked(1)"; document.body.append(script);
		document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=attacked(2)>"); document.body.setAttribute("style", "color: red")`, nil))
	w.see("window.attacks.length >= 3")
	for _, attack := range value[[]string](w, "window.attacks") {
		if strings.HasPrefix(attack, "script ") {
			t.Errorf("an injected script ran: %s", attack)
		}
	}
}

// otherSite serves an attacker's page at another origin, which the browser treats as another site.
func otherSite(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>elsewhere</title>"+html)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// Another site's page sends forms and requests with the user's cookie, but changes nothing. A
// second case uses another port of the same host. The browser treats it as the same site and sends
// the cookie.
func TestForgedRequests(t *testing.T) {
	p := newPerson(t)
	victim := p.create(fields{"title": "victim", "due_at": today()})
	for name, sameSite := range map[string]bool{"another site": false, "another origin of the same site": true} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.login(p.Person)
			w := d.window()
			w.watch.excuse("403", "CORS", "net::ERR_FAILED", "net::ERR_BLOCKED_BY_RESPONSE", "401", "Cross-Origin")
			for _, form := range []string{
				fmt.Sprintf(`<form method=post action="%s/tasks"><input name=line value=forged></form>`, d.url),
				fmt.Sprintf(`<form method=post action="%s/tasks/%s/complete"></form>`, d.url, victim.ID),
				fmt.Sprintf(`<form method=post action="%s/tasks/%s/delete"></form>`, d.url, victim.ID),
				fmt.Sprintf(`<form method=post enctype="text/plain" action="%s/api/v1/tasks"><input name='{"title": "forged", "description": "' value='"}'></form>`, d.url),
				fmt.Sprintf(`<form method=post action="%s/logout"></form>`, d.url),
			} {
				at := otherSite(t, form)
				if sameSite {
					at = strings.Replace(at, "localhost", "127.0.0.1", 1)
				}
				w.do(chromedp.Navigate(at))
				w.do(chromedp.Evaluate(`document.forms[0].submit()`, nil))
				w.see(`document.readyState === "complete" && location.origin === ` + quote(d.url))
				text := w.text()
				if !strings.Contains(text, "another site") && !strings.Contains(strings.ToLower(text), "log in") {
					t.Errorf("the form %s got this answer: %.200s", form, text)
				}
				w.do(chromedp.Navigate(at))
				value[int](w, `fetch(document.forms[0].action, {method: "POST", credentials: "include", mode: "no-cors", body: new FormData(document.forms[0])}).then(() => 0, () => 0)`)
			}
			if tasks := p.tasks(); len(tasks) != 1 || tasks[0].ID != victim.ID || tasks[0].Completed {
				t.Errorf("got %+v, want one unchanged task", tasks)
			}
			w.open("/today")
			w.shows("victim")
		})
	}
}

// Another site's page cannot open a WebSocket with the user's session and read every change.
func TestForgedSockets(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "secret plans"})
	d := newDevice(t)
	d.login(p.Person)
	w := d.window()
	w.watch.excuse("WebSocket connection to", "403")
	heard := `new Promise((resolve) => {
		const socket = new WebSocket(` + quote(strings.Replace(d.url, "http", "ws", 1)+"/live?since=0") + `);
		socket.onmessage = ({data}) => resolve(data);
		socket.onclose = ({code}) => resolve("closed with " + code);
	})`
	at := otherSite(t, "")
	for _, at := range []string{at, strings.Replace(at, "localhost", "127.0.0.1", 1)} { // another site; the same site, where the cookie is sent
		w.do(chromedp.Navigate(at))
		if got := value[string](w, heard); got != "closed with 1006" {
			t.Errorf("a page at %s received %s", at, got)
		}
	}
	w.open("/offline") // a page of the system without its own socket
	if got := value[string](w, heard); !strings.Contains(got, "secret plans") {
		t.Errorf("the page of the system received %s", got)
	}
}

// Another site cannot put a page into a frame.
func TestFraming(t *testing.T) {
	p := newPerson(t)
	d := newDevice(t)
	d.login(p.Person)
	w := d.window()
	w.watch.excuse("frame-ancestors", "net::ERR_BLOCKED_BY_RESPONSE", "Refused to", "chrome-error://")
	for _, path := range []string{"/today", "/enter", "/settings/account"} {
		w.do(chromedp.Navigate(strings.Replace(otherSite(t, fmt.Sprintf(`<iframe src="%s%s" onload="window.loaded = true"></iframe>`, d.url, path)), "localhost", "127.0.0.1", 1)))
		w.see("window.loaded") // true for the browser's error page as well
	}
	refused := 0
	for _, message := range w.watch.all() {
		if strings.Contains(message, "frame-ancestors") {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("%d of 3 frames were blocked: %q", refused, w.watch.all())
	}
}
