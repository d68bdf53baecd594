//go:build browser

package browser

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// person is a user who also uses the API, as another device would.
type person struct {
	*system.Person
	t testing.TB
}

// fields are the fields of a task in a request.
type fields = map[string]any

func newPerson(t testing.TB) person {
	t.Helper()
	p, err := shared.SignUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return person{p, t}
}

// window opens a page on a new device of the user.
func (p person) window(path string) *window {
	p.t.Helper()
	d := newDevice(p.t)
	d.login(p.Person)
	w := d.window()
	w.open(path)
	return w
}

func (p person) do(method, path string, in, out any) {
	p.t.Helper()
	if err := p.Do(p.t.Context(), method, path, in, out); err != nil {
		p.t.Fatal(err)
	}
}

func (p person) create(f fields) (made system.Task) {
	p.t.Helper()
	p.do("POST", "/tasks", f, &made)
	return made
}

func (p person) task(id string) (now system.Task) {
	p.t.Helper()
	p.do("GET", "/tasks/"+url.PathEscape(id), nil, &now)
	return now
}

// tasks returns all tasks of the user.
func (p person) tasks() []system.Task {
	p.t.Helper()
	var list system.List
	p.do("GET", "/tasks?limit=200", nil, &list)
	return list.Items
}

// titled returns the tasks with a title.
func (p person) titled(title string) []system.Task {
	p.t.Helper()
	var found []system.Task
	for _, t := range p.tasks() {
		if t.Title == title {
			found = append(found, t)
		}
	}
	return found
}

// until waits until the API shows the expected state.
func (p person) until(what string, is func() error) {
	p.t.Helper()
	if err := system.Poll(within(p.t), is); err != nil {
		p.t.Fatalf("wait until %s: %v", what, err)
	}
}

// hasOne waits until exactly one task has the title.
func (p person) hasOne(title string) (found system.Task) {
	p.t.Helper()
	p.until("there is one "+title, func() error {
		tasks := p.titled(title)
		if len(tasks) != 1 {
			return fmt.Errorf("there are %d such tasks", len(tasks))
		}
		found = tasks[0]
		return nil
	})
	return found
}

// completes waits until a task is completed.
func (p person) completes(id string) {
	p.t.Helper()
	p.until("the task is done", func() error {
		if !p.task(id).Completed {
			return errors.New("the task is open")
		}
		return nil
	})
}

// today returns an instant late today in UTC, the time zone of new users.
func today() string {
	now := time.Now().UTC()
	end := time.Date(now.Year(), now.Month(), now.Day(), 23, 59, 0, 0, time.UTC)
	return end.Format(time.RFC3339)
}

// Selectors of the page.
const (
	line       = "#line"
	understood = "#understood"
)

// row returns the selector of a task's row.
func row(id string) string { return `[data-task="` + id + `"]` }

// add adds a task from a sentence.
func (w *window) add(sentence string) {
	w.t.Helper()
	w.click(line)
	w.enter(sentence)
}

// shows waits until a list contains a task with the title.
func (w *window) shows(title string) {
	w.t.Helper()
	w.see(`[...document.querySelectorAll("[data-task]")].some((row) => !row.hidden && row.querySelector(".name").textContent.trim() === ` + quote(title) + ")")
}

func (w *window) hides(title string) {
	w.t.Helper()
	w.see(`[...document.querySelectorAll("[data-task]")].every((row) => row.hidden || row.querySelector(".name").textContent.trim() !== ` + quote(title) + ")")
}

// live waits until the page is connected.
func (w *window) live() {
	w.t.Helper()
	w.see(`document.getElementById("connection")?.dataset.state === "live"`)
}

// hasNone waits until no task has the title.
func (p person) hasNone(title string) {
	p.t.Helper()
	p.until("there is no "+title, func() error {
		if n := len(p.titled(title)); n > 0 {
			return fmt.Errorf("there are %d such tasks", n)
		}
		return nil
	})
}
