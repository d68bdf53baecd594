//go:build browser

package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// A person brings three thousand tasks. A view shows some of them and leads to the rest. The numbers
// beside the views count all. A completed row goes before the server has answered.
func TestThreeThousandTasks(t *testing.T) {
	const many = 3000
	var csv strings.Builder
	csv.WriteString("Title,Due,Tags\n")
	for i := range many {
		fmt.Fprintf(&csv, "errand %04d,2031-%02d-%02d,errands\n", i, i/300+1, i/12%25+1)
	}
	file := filepath.Join(t.TempDir(), "errands.csv")
	if err := os.WriteFile(file, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPerson(t)
	w := p.window("/settings/import")
	w.do(chromedp.SetUploadFiles("#import-file", []string{file}))
	w.click("#import-form button:not([data-preview])")
	w.see(`document.querySelector("#result-title")?.innerText === "Imported errands.csv"`)

	w.open("/tag/errands")
	w.live()
	const rows, more = `document.querySelectorAll("[data-task]").length`, `document.getElementById("more")`
	counted := func(n int) {
		t.Helper()
		w.see(fmt.Sprintf(`[...document.querySelectorAll("[href='/all'] .count, [href='/tag/errands'] .count")].every((e) => parseInt(e.innerText) === %d)`, n))
	}
	w.see(rows + " === 100")
	counted(many)
	w.picture("many")
	w.click("#more")
	w.see(rows + " === 300")
	w.see("document.activeElement === " + more + " && scrollY > 0")

	// The answer to the completion waits until the row is seen to be gone.
	answer := make(chan fetch.RequestID, 1)
	chromedp.ListenTarget(w.ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			answer <- paused.RequestID
		}
	})
	w.do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: "*/complete"}}))
	first := p.titled("errand 0000")[0].ID
	w.click(row(first) + " .tick")
	w.hides("errand 0000")
	if p.task(first).Completed {
		t.Error("the task was completed before its request was sent on")
	}
	w.do(fetch.ContinueRequest(<-answer), fetch.Disable())
	counted(many - 1)
	w.hides("errand 0000")
	w.see(rows + " === 300")

	w.open("/calendar?day=2031-03-04")
	w.see(`document.querySelectorAll(".month .further").length > 20`)
	w.see(rows + " === 12")
	w.accessible("crowded calendar")
	w.picture("many-calendar")
}
