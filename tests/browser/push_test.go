//go:build browser

package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"

	"taskmaster/tests/system"
)

// pushInstead returns a script that replaces the vendor's push service on the internet with the
// tests' own service.
func pushInstead(t *testing.T) (script, path string) {
	t.Helper()
	path, subscription, err := shared.push.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(subscription)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{
		const json = %s;
		const made = {endpoint: json.endpoint, toJSON: () => json, unsubscribe: async () => { localStorage.removeItem("subscribed"); return true; }};
		PushManager.prototype.getSubscription = async () => localStorage.getItem("subscribed") ? made : null;
		PushManager.prototype.subscribe = async ({userVisibleOnly, applicationServerKey}) => {
			if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("no push service would take this");
			localStorage.setItem("subscribed", "yes");
			return made;
		};
	}`, raw), path
}

// Reminders take two clicks to enable. Their notifications have working actions and open the task.
func TestPush(t *testing.T) {
	p := newPerson(t)
	script, path := pushInstead(t)
	d := newDevice(t)
	d.login(p.Person)
	d.grant(browser.PermissionTypeNotifications)
	w := d.window()
	w.beforePages(script)
	w.open("/settings/notifications")
	w.see(`document.querySelector("[data-push]").dataset.push === "off"`)
	w.click("[data-push-on]")
	w.see(`document.querySelector("[data-push]").dataset.push === "on"`)
	var channels struct {
		Items []struct {
			Kind    string `json:"kind"`
			Enabled bool   `json:"enabled"`
		} `json:"items"`
	}
	p.do("GET", "/channels", nil, &channels)
	if len(channels.Items) != 1 || channels.Items[0].Kind != "web_push" || !channels.Items[0].Enabled {
		t.Fatalf("got channels %+v, want this browser", channels.Items)
	}
	w.reload()
	w.see(`document.querySelector("[data-push]").dataset.push === "on"`)
	sw := w.worker()

	received := func(about string) system.Notification {
		t.Helper()
		n, err := shared.push.Inbox.Wait(within(t), func(n system.Notification) bool { return n.To == path && (about == "" || n.TaskID == about) })
		if err != nil {
			t.Fatal(err)
		}
		if n.Err != nil {
			t.Fatal(n.Err)
		}
		return n
	}

	w.click("[data-push-test]")
	test := received("").Text
	w.open("/upcoming")
	w.settled()
	sw.push(test)
	if n := sw.shows("TaskMaster can reach you here"); len(n.Actions) != 0 {
		t.Errorf("got %+v, want no actions on a test message", n)
	}
	sw.click("")
	w.see(`location.pathname === "/today"`)

	soon := time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)
	task := p.create(fields{"title": "take the bread out", "due_at": soon, "reminders": []fields{{"at": soon}}})
	message := received(task.ID).Text
	sw.push(message)
	sw.push(message) // a push service may deliver twice
	n := sw.shows("take the bread out")
	if fmt.Sprint(n.Actions) != "[complete snooze]" {
		t.Errorf("got %+v, want the actions complete and snooze", n)
	}
	sw.click("snooze")
	p.until("the task is snoozed", func() error {
		if at := p.task(task.ID).SnoozedUntil; at == nil || at.Before(time.Now()) {
			return errors.New("not snoozed")
		}
		return nil
	})
	sw.push(message)
	sw.shows("take the bread out")
	sw.click("")
	w.see(`location.pathname === "/task/` + task.ID + `"`)

	// A click on a notification keeps typed text: the task opens in another window.
	w.open("/today")
	w.fill("#line", "buy yeast")
	sw.evaluate(`self.clients.openWindow = async (path) => { self.opened = path; }`, nil) // it needs a real click
	sw.push(message)
	sw.shows("take the bread out")
	sw.click("")
	w.see(`location.pathname === "/today" && document.getElementById("line").value === "buy yeast"`)
	var opened string
	sw.evaluate(`self.opened`, &opened)
	if opened != "/task/"+task.ID {
		t.Errorf("%q was opened in another window, want the task", opened)
	}
	w.open("/task/" + task.ID)
	w.settled()
	sw.push(message)
	sw.shows("take the bread out")

	d.offline()
	w.watch.excuseNetwork()
	sw.click("complete")
	if n := sw.shows("take the bread out"); !strings.Contains(n.Body, "There is no connection") {
		t.Errorf("the notification says %q, want the connection error", n.Body)
	}
	if p.task(task.ID).Completed {
		t.Error("the task was completed without a network")
	}
	d.online()
	sw.click("complete")
	p.completes(task.ID)
	if list := sw.notifications(); len(list) != 0 {
		t.Errorf("the notification %+v is still shown", list)
	}

	w.open("/settings/notifications")
	w.see(`document.querySelector("[data-push]").dataset.push === "on"`)
	w.click("[data-push-off]")
	w.see(`document.querySelector("[data-push]").dataset.push === "off"`)
	p.do("GET", "/channels", nil, &channels)
	if len(channels.Items) != 0 {
		t.Errorf("got channels %+v, want none", channels.Items)
	}
}

// A renewed subscription is adopted, but not after its user has logged out.
func TestPushSubscriptionChanges(t *testing.T) {
	p := newPerson(t)
	script, _ := pushInstead(t)
	_, renewed, err := shared.push.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(renewed)
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t)
	d.login(p.Person)
	d.grant(browser.PermissionTypeNotifications)
	w := d.window()
	w.beforePages(script)
	w.open("/settings/notifications")
	w.see(`document.querySelector("[data-push]").dataset.push === "off"`)
	w.click("[data-push-on]")
	w.see(`document.querySelector("[data-push]").dataset.push === "on"`)
	sw := w.worker()
	changes := fmt.Sprintf(`(async () => {
		const json = %s;
		const event = new Event("pushsubscriptionchange");
		event.newSubscription = {endpoint: json.endpoint, toJSON: () => json, unsubscribe: async () => { self.unsubscribed = true; return true; }};
		let done;
		event.waitUntil = (work) => { done = work; };
		self.dispatchEvent(event);
		await done;
	})()`, raw)
	sw.evaluate(changes, nil)
	const endpoints = `fetch("/api/v1/channels").then((r) => r.json()).then((page) => page.items.map((c) => c.endpoint).join())`
	w.see(endpoints + `.then((all) => all === ` + quote(fmt.Sprint(renewed["endpoint"])) + `)`)

	w.open("/today")
	w.click(".account summary")
	w.click(`form[action="/logout"] button`)
	w.see(`location.pathname === "/enter"`)
	w.fill("#email", p.Email)
	w.fill("#password", p.Password)
	w.click("form[data-enter] button:not([formaction])")
	w.see(`location.pathname === "/today"`)
	sw.evaluate(changes, nil)
	var unsubscribed bool
	sw.evaluate(`self.unsubscribed === true`, &unsubscribed)
	if !unsubscribed {
		t.Error("the browser stays subscribed, although no channel uses it")
	}
	w.see(endpoints + `.then((all) => all === "")`)
}

// A user who denied notifications learns how to allow them.
func TestPushDenied(t *testing.T) {
	p := newPerson(t)
	w := p.window("/enter")
	if err := onBrowser(browser.SetPermission(&browser.PermissionDescriptor{Name: "notifications"}, browser.PermissionSettingDenied).
		WithOrigin(w.device.url).WithBrowserContextID(w.device.id).Do); err != nil {
		t.Fatal(err)
	}
	w.open("/settings/notifications")
	w.see(`document.querySelector("[data-push]").dataset.push === "denied"`)
	w.seeText("Allow them in the settings of this page")
}
