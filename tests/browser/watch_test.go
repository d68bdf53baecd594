//go:build browser

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

// watch records the errors of a page: exceptions, console errors, violations of its
// Content-Security-Policy, and dialogs, which the pages never use.
type watch struct {
	mu       sync.Mutex
	reported []string
	excused  []string
}

// watchPage enables the sources of events.
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

// excuse ignores errors that contain one of the texts, because the test provokes them.
func (w *watch) excuse(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.excused = append(w.excused, texts...)
}

// excuseNetwork ignores the browser's errors about an unreachable server.
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

func (w *watch) add(message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reported = append(w.reported, message)
}

// heard returns the errors that are not ignored.
func (w *watch) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var heard []string
next:
	for _, message := range w.reported {
		for _, text := range w.excused {
			if strings.Contains(message, text) {
				continue next
			}
		}
		heard = append(heard, message)
	}
	return heard
}

// report fails the test for every recorded error.
func (w *watch) report(t testing.TB) {
	for _, message := range w.heard() {
		t.Errorf("the page reported an error: %s", message)
	}
}

// all returns every error.
func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.reported)
}
