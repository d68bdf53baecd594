//go:build browser

package browser

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// The page shows the parsed sentence while it is typed, and creates that task.
func TestAddBySentence(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.click(line)
	w.press("pay rent every 1st at 9am !high #home")
	for _, part := range []string{"pay rent", "Repeats", "high priority", "#home", "Next"} {
		w.see(`document.querySelector("#understood").innerText.toLowerCase().includes(` + quote(strings.ToLower(part)) + ")")
	}
	w.press("\r")
	w.shows("pay rent")
	made := p.hasOne("pay rent")
	var recurrence struct {
		RRule string `json:"rrule"`
	}
	if err := json.Unmarshal(made.Recurrence, &recurrence); err != nil {
		t.Fatal(err)
	}
	if made.Priority != "high" || !slices.Equal(made.Tags, []string{"home"}) || !strings.Contains(recurrence.RRule, "MONTHLY") {
		t.Errorf("got %+v with the rule %s, want the previewed task", made, recurrence.RRule)
	}
	if made.DueAt == nil || made.DueAt.UTC().Hour() != 9 {
		t.Errorf("due at %v, want 9:00", made.DueAt)
	}
	w.see(`document.querySelector("#line").value === "" && document.activeElement.id === "line"`)
}

// A user who types faster than the network gets every task once. A refused line is restored.
func TestAddFast(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()
	w.device.link.Slow(300 * time.Millisecond)
	w.click(line)
	w.enter("first")
	w.enter("second")
	w.enter("third")
	for _, title := range []string{"first", "second", "third"} {
		p.hasOne(title)
	}
	w.shows("third")
	w.watch.excuse("422")
	w.enter("   ")
	w.see(`document.querySelector("#line").value === "   " && document.getElementById("problem").textContent`)
	if n := len(p.tasks()); n != 3 {
		t.Errorf("there are %d tasks, want 3", n)
	}
}

// Completing a recurring task makes the next occurrence appear.
func TestCompleteRecurring(t *testing.T) {
	p := newPerson(t)
	due := time.Now().UTC().Add(time.Hour).Truncate(time.Minute)
	first := p.create(fields{"title": "water plants", "due_at": due, "recurrence": fields{"rrule": "daily"}})
	w := p.window("/all")
	w.live()
	w.click(row(first.ID) + " [data-complete]")
	w.see(`!document.querySelector(` + quote(row(first.ID)) + `)`)
	w.shows("water plants")
	next := value[string](w, `document.querySelector("[data-task]").dataset.task`)
	if got := p.task(next); got.DueAt == nil || !got.DueAt.Equal(due.AddDate(0, 0, 1)) {
		t.Errorf("got the next occurrence at %v, want one day after %v", got.DueAt, due)
	}
}

// A change in one window appears in another without a reload.
func TestTwoWindowsInStep(t *testing.T) {
	p := newPerson(t)
	here, there := p.window("/all"), p.window("/all")
	here.live()
	there.live()
	there.do(mark)
	here.add("call mum tomorrow 15:00")
	there.shows("call mum")
	id := p.hasOne("call mum").ID
	here.shows("call mum")
	there.click(row(id) + " [data-complete]")
	here.hides("call mum")
	there.see("window.marked") // the page was not reloaded
}

// A task becomes overdue on the open page, even if it was added elsewhere.
func TestBecomesOverdue(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.live()
	p.create(fields{"title": "take the bread out", "due_at": time.Now().Add(3 * time.Second)})
	w.shows("take the bread out")
	w.see(`document.querySelector("[data-task] .due.late")`)
}

// unhurried opens a page with a minute for undo instead of ten seconds, because the machine may be
// slow.
func (p person) unhurried(path string) *window {
	p.t.Helper()
	w := p.window("/offline")
	w.beforePages(`const timeout = window.setTimeout; window.setTimeout = (f, ms, ...args) => timeout(f, ms === 10_000 ? 60_000 : ms, ...args);`)
	w.open(path)
	return w
}

// Completing and deleting can be undone.
func TestUndo(t *testing.T) {
	p := newPerson(t)
	kept := p.create(fields{"title": "keep me", "due_at": today()})
	w := p.unhurried("/all")
	w.live()
	w.click(row(kept.ID) + " [data-complete]")
	p.completes(kept.ID)
	w.click("#notice [data-undo]")
	w.shows("keep me")
	if p.task(kept.ID).Completed {
		t.Error("the task is completed, although completing was undone")
	}
	w.click(row(kept.ID) + " form[data-delete] button")
	w.hides("keep me")
	w.click("[data-undo]")
	w.shows("keep me")
	p.hasOne("keep me")
}

// Each of several deletions can be undone, even after other changes.
func TestUndoOneOfSeveral(t *testing.T) {
	p := newPerson(t)
	for _, title := range []string{"one", "two", "three"} {
		p.create(fields{"title": title})
	}
	w := p.unhurried("/all")
	w.live()
	const undoOne = `[...document.querySelectorAll("#undos .toast")].find((toast) => toast.textContent.includes("one")).querySelector("[data-undo]")`
	const place = `Math.round(` + undoOne + `.getBoundingClientRect().top)`
	var was int
	for _, title := range []string{"one", "two"} {
		w.click(row(p.hasOne(title).ID) + " form[data-delete] button")
		w.hides(title)
		if title == "one" {
			was = value[int](w, place)
		}
	}
	w.add("four")
	w.shows("four")
	w.see(`document.querySelector("#notice .toast")`)
	if is := value[int](w, place); is != was {
		t.Errorf("the undo button moved from %d to %d: a click could undo another change", was, is)
	}
	w.clickOn(undoOne)
	w.shows("one")
	w.click("#title") // so that the line loses the focus
	w.press("z")
	w.shows("two")
	if n := len(p.tasks()); n != 4 {
		t.Errorf("there are %d tasks, want 4", n)
	}
}
