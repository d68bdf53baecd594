package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// watch hears what a page complains of: exceptions, errors on its console, violations of its Content-Security-Policy, and
// dialogs, of which ours has none.
type watch struct {
	mu         sync.Mutex
	complaints []string
	excused    []string
}

// watchPage turns the sources on.
func watchPage() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for _, enable := range []chromedp.Action{log.Enable(), page.Enable(), security.Enable()} {
			if err := enable.Do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// excuse lets complaints with a text pass: those that a test provokes.
func (w *watch) excuse(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.excused = append(w.excused, texts...)
}

// excuseNetwork lets pass what a browser says when it cannot reach the server.
func (w *watch) excuseNetwork() {
	w.excuse("net::ERR_", "WebSocket connection to", "htmx:error: Failed to fetch")
}

func (w *watch) take(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.add("exception: " + e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			var parts []string
			for _, arg := range e.Args {
				parts = append(parts, strings.Trim(string(arg.Value), `"`)+arg.Description)
			}
			w.add(fmt.Sprintf("console %s: %s", e.Type, strings.Join(parts, " ")))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning || e.Entry.Source == log.SourceSecurity {
			w.add(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *page.EventJavascriptDialogOpening:
		w.add("dialog: " + e.Message)
	}
}

func (w *watch) add(complaint string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.complaints = append(w.complaints, complaint)
}

// heard returns the complaints that are not excused.
func (w *watch) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var heard []string
next:
	for _, complaint := range w.complaints {
		for _, text := range w.excused {
			if strings.Contains(complaint, text) {
				continue next
			}
		}
		heard = append(heard, complaint)
	}
	return heard
}

// report fails the test for what was heard.
func (w *watch) report(t testing.TB) {
	for _, complaint := range w.heard() {
		t.Errorf("the page complains: %s", complaint)
	}
}

// all returns every complaint.
func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.complaints)
}
