//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"taskmaster/tests/system"
)

// window is a tab of a device. A failing action fails the test.
type window struct {
	t      testing.TB
	device *device
	ctx    context.Context
	close  func()
	watch  *watch
}

// window opens a tab and closes it when the test ends. The test fails if the page reported an error
// that the test did not excuse.
func (d *device) window() *window {
	d.t.Helper()
	var id target.ID
	if err := onBrowser(func(ctx context.Context) (err error) {
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(d.id).WithNewWindow(true).Do(ctx)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(shared.chromium, chromedp.WithTargetID(id))
	w := &window{t: d.t, device: d, ctx: ctx, close: cancel, watch: &watch{}}
	d.t.Cleanup(func() {
		if d.t.Failed() {
			w.keep()
		}
		w.watch.report(d.t)
		cancel()
	})
	chromedp.ListenTarget(ctx, w.watch.take)
	// The first run binds the context to the tab, so its context must not time out.
	if err := chromedp.Run(ctx, watchPage(), emulation.SetFocusEmulationEnabled(true)); err != nil {
		d.t.Fatal(err)
	}
	w.width(1280)
	return w
}

// do runs actions within the time limit.
func (w *window) do(actions ...chromedp.Action) {
	w.t.Helper()
	if err := w.try(actions...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(w.ctx, arrival)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// set changes a field by its id, as a person does.
func (w *window) set(id, value string) {
	w.t.Helper()
	w.see(`((field) => { field.value = ` + quote(value) + `; field.dispatchEvent(new Event("input", {bubbles: true})); return true })(document.getElementById(` + quote(id) + `))`)
}

// open loads a path of the system.
func (w *window) open(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.device.url + path))
}

func (w *window) reload() {
	w.t.Helper()
	w.do(chromedp.Reload())
}

// click clicks the middle of an element when it is visible, no longer moves, and is not covered.
func (w *window) click(selector string) {
	w.t.Helper()
	w.clickOn("document.querySelector(" + quote(selector) + ")")
}

// clickText clicks the element with a text.
func (w *window) clickText(selector, text string) {
	w.t.Helper()
	w.clickOn("[...document.querySelectorAll(" + quote(selector) + ")].find((e) => e.textContent.trim() === " + quote(text) + ")")
}

func (w *window) clickOn(expression string) {
	w.t.Helper()
	var at, before []float64
	err := system.Poll(within(w.t), func() (err error) {
		before = at
		at, err = evaluate[[]float64](w, `((element) => {
			if (!element) return [];
			element.scrollIntoView({block: "center", behavior: "instant"});
			const {x, y, width, height} = element.getBoundingClientRect();
			const hit = document.elementFromPoint(x + width / 2, y + height / 2);
			return width > 0 && element.contains(hit) ? [x + width / 2, y + height / 2] : [];
		})(`+expression+`)`)
		if err == nil && len(at) == 0 {
			err = errors.New("the element is missing or covered")
		} else if err == nil && !slices.Equal(at, before) {
			err = errors.New("the element is moving")
		}
		return err
	})
	if err != nil {
		w.t.Fatalf("click %s at %s: %v\n%s", expression, w.where(), err, w.text())
	}
	w.do(chromedp.MouseClickXY(at[0], at[1]))
}

// submit clicks an element that loads another page, and waits for that page. Opening another page
// earlier would race with it.
func (w *window) submit(selector string) {
	w.t.Helper()
	w.see("document.querySelector(" + quote(selector) + ")")
	w.do(mark)
	w.click(selector)
	w.see(`!window.marked && document.readyState === "complete"`)
}

// fill replaces the text of a field by typing.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.click(selector)
	w.do(chromedp.Evaluate("document.querySelector("+quote(selector)+").select()", nil))
	w.press(text)
}

// press types keys into the focused element, such as "n" or kb.Enter.
func (w *window) press(keys ...string) {
	w.t.Helper()
	for _, key := range strings.Join(keys, "") {
		down, up := kb.Encode(key)[0], kb.Encode(key)[len(kb.Encode(key))-1]
		// Like a keyboard and unlike chromedp: a page can prevent a key press from typing its
		// character.
		if char := kb.Keys[key]; char != nil {
			down.Text = char.Text
		} else {
			down.Text = string(key)
		}
		if down.Type = input.KeyDown; down.Text == "" {
			down.Type = input.KeyRawDown
		}
		w.do(down, up)
	}
}

// enter types a line and the Enter key.
func (w *window) enter(line string) {
	w.t.Helper()
	w.press(line, kb.Enter)
}

// value returns the value of a JavaScript expression as JSON. It waits for promises.
func value[T any](w *window, expression string) (out T) {
	w.t.Helper()
	out, err := evaluate[T](w, expression)
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

func evaluate[T any](w *window, expression string) (out T, err error) {
	var raw json.RawMessage
	err = w.try(chromedp.Evaluate(expression, &raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// see waits until a JavaScript expression, or its promise, is true.
func (w *window) see(expression string) {
	w.t.Helper()
	err := system.Poll(within(w.t), func() error {
		so, err := evaluate[bool](w, "(async () => !!(await ("+expression+")))()")
		if err == nil && !so {
			err = errors.New("it is false")
		}
		return err
	})
	if err != nil {
		w.t.Fatalf("wait for %s: %v\nat %s:\n%s", expression, err, w.where(), w.text())
	}
}

// seeText waits until the page shows a text.
func (w *window) seeText(text string) {
	w.t.Helper()
	w.see("document.body.innerText.includes(" + quote(text) + ")")
}

// text returns the text of the page for test failures.
func (w *window) text() string {
	text, err := evaluate[string](w, `document.body.innerText.replace(/\s+/g, " ").slice(0, 2000)`)
	if err != nil {
		return err.Error()
	}
	return text
}

func (w *window) where() string {
	path, err := evaluate[string](w, "location.pathname + location.search")
	if err != nil {
		return err.Error()
	}
	return path
}

// quote returns a string as JavaScript.
func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(raw)
}

// keep saves a screenshot of a failed test.
func (w *window) keep() {
	var picture []byte
	if err := w.try(chromedp.CaptureScreenshot(&picture)); err != nil {
		return // the browser may have gone
	}
	name := filepath.Join(outDir, fmt.Sprintf("failed-%s.png", strings.ReplaceAll(w.t.Name(), "/", "-")))
	if err := os.WriteFile(name, picture, 0o644); err == nil {
		w.t.Logf("screenshot: %s", name)
	}
}

// mark sets a variable in the page, which a reload would clear.
var mark = chromedp.Evaluate("window.marked = true", nil)

// beforePages runs a script in every following page before the page's own scripts.
func (w *window) beforePages(script string) {
	w.t.Helper()
	w.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
}
