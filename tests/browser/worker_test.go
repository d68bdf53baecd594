//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"taskmaster/tests/system"
)

// worker is the service worker of a device.
type worker struct {
	window *window
	ctx    context.Context
	id     serviceworker.RegistrationID
}

// worker waits until the service worker controls the window's page, and attaches to it.
func (w *window) worker() *worker {
	w.t.Helper()
	registrations := make(chan serviceworker.RegistrationID, 100)
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			for _, r := range e.Registrations {
				if strings.HasPrefix(r.ScopeURL, w.device.url) {
					registrations <- r.RegistrationID
				}
			}
		}
	})
	w.see("navigator.serviceWorker.ready")
	w.see("navigator.serviceWorker.controller")
	w.do(serviceworker.Enable())
	sw := &worker{window: w}
	select {
	case sw.id = <-registrations:
	case <-within(w.t).Done():
		w.t.Fatal("the service worker is not registered")
	}
	var id target.ID
	err := system.Poll(within(w.t), func() error {
		return onBrowser(func(ctx context.Context) error {
			all, err := target.GetTargets().Do(ctx)
			if err != nil {
				return err
			}
			for _, info := range all {
				if info.Type == "service_worker" && info.BrowserContextID == w.device.id {
					id = info.TargetID
					return nil
				}
			}
			return errors.New("no service worker is running")
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var closeWorker context.CancelFunc
	sw.ctx, closeWorker = chromedp.NewContext(shared.chromium, chromedp.WithTargetID(id))
	w.t.Cleanup(closeWorker)
	if err := chromedp.Run(sw.ctx); err != nil {
		w.t.Fatal(err)
	}
	return sw
}

// push delivers a message as the browser vendor's service would.
func (s *worker) push(message string) {
	s.window.t.Helper()
	s.window.do(serviceworker.DeliverPushMessage(s.window.device.url, s.id, message))
}

// shown is a visible notification.
type shown struct {
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	Tag     string   `json:"tag"`
	Actions []string `json:"actions"`
}

// notifications returns the visible notifications.
func (s *worker) notifications() (list []shown) {
	s.window.t.Helper()
	s.evaluate(`self.registration.getNotifications().then((all) => all.map((n) =>
		({title: n.title, body: n.body, tag: n.tag, actions: n.actions.map((a) => a.action)})))`, &list)
	return list
}

// shows waits until the only visible notification has the title.
func (s *worker) shows(title string) (found shown) {
	s.window.t.Helper()
	err := system.Poll(within(s.window.t), func() error {
		list := s.notifications()
		if len(list) != 1 || list[0].Title != title {
			return fmt.Errorf("the notifications are %+v", list)
		}
		found = list[0]
		return nil
	})
	if err != nil {
		s.window.t.Fatalf("wait for the notification %s: %v", title, err)
	}
	return found
}

// click clicks the notification or one of its actions, and waits for the effects.
func (s *worker) click(action string) {
	s.window.t.Helper()
	s.evaluate(fmt.Sprintf(`(async () => {
		const [notification] = await self.registration.getNotifications();
		const event = new NotificationEvent("notificationclick", {notification, action: %s});
		const work = [];
		event.waitUntil = (promise) => work.push(promise);
		self.dispatchEvent(event);
		await Promise.all(work);
	})()`, quote(action)), nil)
}

func (s *worker) evaluate(expression string, out any) {
	s.window.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, arrival)
	defer cancel()
	var raw json.RawMessage
	err := chromedp.Run(ctx, chromedp.Evaluate(expression, &raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		s.window.t.Fatalf("%s: %v", expression, err)
	}
}
