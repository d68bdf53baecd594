//go:build browser

package browser

import (
	"fmt"
	"testing"
	"time"
)

// A line with a day and without a time makes a whole day. The page shows no time for it, the form
// can give it one and take it away, and it is not overdue before the day has ended.
func TestWholeDay(t *testing.T) {
	p := newPerson(t)
	now := time.Now().UTC()
	tomorrow := now.AddDate(0, 0, 1).Format(time.DateOnly)
	p.create(fields{"title": "Early meeting", "due_at": tomorrow + "T06:00:00Z"})
	w := p.window("/all")
	w.live()
	w.click(line)
	w.press("buy a tree tomorrow")
	w.see(`document.querySelector("#understood").innerText.toLowerCase().includes("due tomorrow")`)
	w.press("\r")
	w.shows("buy a tree")
	tree := p.hasOne("buy a tree")
	due := func(want string) {
		t.Helper()
		p.until("it is due "+want, func() error {
			now := p.task(tree.ID)
			got := ""
			if now.DueOn != nil {
				got = *now.DueOn
			} else if now.DueAt != nil {
				got = now.DueAt.Format(time.RFC3339)
			}
			if got != want {
				return fmt.Errorf("it is due %s", got)
			}
			return nil
		})
	}
	words := func(want string) {
		t.Helper()
		w.see(`document.querySelector(` + quote(row(tree.ID)+" .due") + `)?.innerText === ` + quote(want))
	}
	due(tomorrow)
	words("tomorrow")
	// It comes before the tasks of the day that have a time.
	w.see(`[...document.querySelectorAll("[data-task] .name")].map((e) => e.textContent).join() === "buy a tree,Early meeting"`)
	w.picture("wholeday-list")

	w.open("/task/" + tree.ID)
	w.live()
	w.see(`document.getElementById("due").value === ` + quote(tomorrow) + ` && document.getElementById("due_time").value === ""`)
	w.picture("wholeday-form")
	w.set("due_time", "15:00")
	w.click("#edit > .actions button")
	due(tomorrow + "T15:00:00Z")
	w.see(`document.body.innerText.includes("tomorrow → tomorrow, 15:00")`) // the page knows that the form is saved
	w.set("due_time", "")
	w.click("#edit > .actions button")
	due(tomorrow)
	w.see(`document.body.innerText.includes("tomorrow, 15:00 → tomorrow")`)

	p.do("PATCH", "/tasks/"+tree.ID, fields{"due_on": now.Format(time.DateOnly)}, nil)
	w.open("/today")
	words("today")
	w.open("/calendar")
	w.see(`[...document.querySelectorAll("td.now li")].some((e) => e.innerText.trim() === "buy a tree")`)
	w.picture("wholeday-calendar")
	p.do("PATCH", "/tasks/"+tree.ID, fields{"due_on": now.AddDate(0, 0, -1).Format(time.DateOnly)}, nil)
	w.open("/today")
	words("Overdue: yesterday")
	w.click(row(tree.ID) + " .later summary")
	w.click(row(tree.ID) + " [data-tomorrow]")
	due(tomorrow)
}
