//go:build browser

package browser

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// axe finds accessibility problems in a page (axe/README.md).
//
//go:embed axe/axe.min.js
var axe string

// finding is an accessibility rule that a page breaks, with the places.
type finding struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Where  []string `json:"where"`
}

func (f finding) String() string {
	return fmt.Sprintf("%s (%s): %s\n  %s", f.ID, f.Impact, f.Help, strings.Join(f.Where, "\n  "))
}

func (f finding) serious() bool { return f.Impact == "serious" || f.Impact == "critical" }

// runAxe checks the rules of WCAG 2.2 A and AA and the best practices.
const runAxe = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
	.then(({violations}) => violations.map(({id, impact, help, nodes}) => ({id, impact, help,
		where: nodes.map((n) => n.html.slice(0, 200) + " — " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message)})))`

// findings returns axe's findings in a window.
func (w *window) findings() []finding {
	w.t.Helper()
	if value[string](w, "typeof axe") == "undefined" {
		w.do(chromedp.Evaluate(axe, nil))
	}
	return value[[]finding](w, runAxe)
}

// accessible fails the test for every serious finding and logs the others.
func (w *window) accessible(where string) {
	w.t.Helper()
	for _, f := range w.findings() {
		if f.serious() {
			w.t.Errorf("%s: %v", where, f)
		} else {
			w.t.Logf("%s: %v", where, f)
		}
	}
}
