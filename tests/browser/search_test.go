//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// Results appear while a search is typed. The typed text and the focus stay, and the whole search is one
// step of the history.
func TestSearchWhileTyping(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "Café with Zoë", "tags": []string{"friends"}})
	p.create(fields{"title": "coffee beans"})
	w := p.window("/all")
	w.live()
	w.shows("coffee beans")
	steps, err := evaluate[int](w, "history.length")
	if err != nil {
		t.Fatal(err)
	}
	w.click("#q")
	const query = `new URLSearchParams(location.search).get("q")`
	for _, step := range []struct{ typed, query string }{{"zoe", "zoe"}, {" caf", "zoe caf"}, {" #fri", "zoe caf #fri"}} {
		w.press(step.typed)
		w.see(query + " === " + quote(step.query))
		w.shows("Café with Zoë")
		w.hides("coffee beans")
		w.see(`document.activeElement.id === "q" && document.activeElement.value === ` + quote(step.query))
		w.see(`document.getElementById("found").innerText === "1 open, 0 done"`)
	}
	w.picture("search")
	if now, err := evaluate[int](w, "history.length"); err != nil || now != steps+1 {
		t.Errorf("the history grew from %d to %d (%v), want one more", steps, now, err)
	}
	w.press("\r")
	w.see(`document.activeElement.id === "title"`)
	w.do(chromedp.Evaluate("history.back()", nil))
	w.see(`location.pathname === "/all"`)
	w.shows("coffee beans")
}
