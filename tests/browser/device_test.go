//go:build browser

package browser

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"taskmaster/tests/system"
)

// device is a user's browser with its own cookies, storage and network.
type device struct {
	t    testing.TB
	link *system.Link
	// url is the device's URL of TaskMaster.
	url string
	id  cdp.BrowserContextID
}

// newDevice starts a device and removes it when the test ends.
func newDevice(t testing.TB) *device {
	t.Helper()
	d := &device{t: t}
	select {
	case d.link = <-shared.links:
	case <-within(t).Done():
		t.Fatal("no device is free")
	}
	t.Cleanup(func() { d.link.Mend(); shared.links <- d.link })
	d.url = "http://" + d.link.Address()
	if err := onBrowser(func(ctx context.Context) (err error) {
		d.id, err = target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = onBrowser(target.DisposeBrowserContext(d.id).Do) // the browser may have gone
	})
	return d
}

// onBrowser runs an action on the browser instead of a tab.
func onBrowser(action func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(shared.chromium, arrival)
	defer cancel()
	return action(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
}

// offline cuts the device's network. The browser is not told and notices failing requests.
func (d *device) offline() { d.link.Cut() }

func (d *device) online() { d.link.Mend() }

// grant gives the page browser permissions, as the user would.
func (d *device) grant(permissions ...browser.PermissionType) {
	d.t.Helper()
	if err := onBrowser(browser.GrantPermissions(permissions).WithOrigin(d.url).WithBrowserContextID(d.id).Do); err != nil {
		d.t.Fatal(err)
	}
}

// login gives the device a user's session.
func (d *device) login(p *system.Person) {
	d.t.Helper()
	var cookies []*network.CookieParam
	for pair := range strings.SplitSeq(p.Cookies(), "; ") {
		name, value, _ := strings.Cut(pair, "=")
		cookies = append(cookies, &network.CookieParam{Name: name, Value: value, URL: d.url, HTTPOnly: true, SameSite: network.CookieSameSiteLax})
	}
	if err := onBrowser(storage.SetCookies(cookies).WithBrowserContextID(d.id).Do); err != nil {
		d.t.Fatal(err)
	}
}
