//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// answers waits until the last turn of the conversation has a text.
func (w *window) answers(text string) {
	w.t.Helper()
	w.see(`[...document.querySelectorAll(".turn")].at(-1)?.innerText.includes(` + quote(text) + `)`)
}

// A person talks to the assistant: a question, a task with undo, a name that fits several tasks, and a
// deletion that asks first.
func TestChat(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "call the dentist", "due_at": today()})
	p.create(fields{"title": "pay the dentist"})
	w := p.window("/chat")
	w.live()
	w.accessible("empty conversation")
	ask := func(sentence string) {
		t.Helper()
		w.click("#sentence")
		w.enter(sentence)
	}
	ask("what is due today")
	w.answers("call the dentist")
	w.see(`document.activeElement.id === "sentence" && document.activeElement.value === ""`)
	w.see(`document.getElementById("said").textContent !== ""`) // for screen readers

	ask("add buy milk tomorrow #groceries")
	w.answers("buy milk")
	milk := p.hasOne("buy milk")
	if milk.DueOn == nil || len(milk.Tags) != 1 {
		t.Errorf("got %+v, want a day and a tag", milk)
	}
	w.clickOn(`[...document.querySelectorAll(".turn")].at(-1).querySelector("[aria-label='Undo buy milk']")`)
	p.hasNone("buy milk")

	ask("done with dentist")
	w.answers("pay the dentist")
	w.accessible("a choice")
	w.picture("chat")
	w.width(320)
	w.see("document.documentElement.scrollWidth <= 320")
	w.picture("chat-320")
	w.width(1280)
	if task := p.hasOne("pay the dentist"); task.Completed {
		t.Error("an unclear name completed a task")
	}
	w.clickOn(`[...[...document.querySelectorAll(".turn")].at(-1).querySelectorAll("button")].find((b) => b.innerText.includes("pay the dentist"))`)
	p.completes(p.hasOne("pay the dentist").ID)

	ask("delete call the dentist")
	w.see(`[...document.querySelectorAll(".turn")].at(-1).querySelector("button.danger")`)
	p.hasOne("call the dentist")
	w.clickOn(`[...document.querySelectorAll(".turn")].at(-1).querySelector("button.danger")`)
	p.hasNone("call the dentist")
}

// A conversation goes on in another browser, and is deleted there.
func TestChatOnAnotherDevice(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "call the dentist", "due_at": today()})
	first := p.window("/chat")
	first.live()
	first.click("#sentence")
	first.enter("what is due today")
	first.answers("call the dentist")

	d := newDevice(t)
	d.login(p.Person)
	w := d.window()
	w.open("/chat")
	w.live()
	w.click(".past summary")
	w.accessible("earlier conversations")
	w.clickOn(`[...document.querySelectorAll(".past a")].find((a) => a.innerText === "what is due today")`)
	w.answers("call the dentist")
	w.live()
	w.click("#sentence")
	w.enter("done with it") // the task of the first device
	p.completes(p.hasOne("call the dentist").ID)
	w.see(`document.querySelectorAll(".turn").length === 2`)
	w.open("/chat")
	w.see(`document.querySelectorAll(".past form").length === 1`)
	w.click(".past summary")
	w.click(".past form button")
	w.see(`!document.querySelector(".past") && location.pathname === "/chat" && !location.search`)
}

// Without scripts the conversation is a form that keeps the turns before.
func TestChatWithoutScripts(t *testing.T) {
	p := newPerson(t)
	p.create(fields{"title": "call the dentist", "due_at": today()})
	d := newDevice(t)
	d.login(p.Person)
	w := d.window()
	w.do(emulation.SetScriptExecutionDisabled(true))
	w.open("/chat")
	w.fill("#sentence", "what is due today")
	w.submit(".say button")
	w.answers("call the dentist")
	w.fill("#sentence", "done with dentist")
	w.submit(".say button")
	w.see(`document.querySelectorAll(".turn").length === 2`)
	p.completes(p.hasOne("call the dentist").ID)
}
