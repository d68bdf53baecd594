//go:build browser

package browser

import (
	"fmt"
	"testing"
)

// An offline change can conflict with a change elsewhere. The user sees both versions and chooses.
func TestConflict(t *testing.T) {
	for name, tt := range map[string]struct {
		choose string
		// elsewhere changes the task on another device meanwhile.
		elsewhere func(p person, id string)
		want      func(p person, id string) bool
	}{
		"keep mine": {"Keep mine", renameElsewhere, func(p person, id string) bool {
			got := p.task(id)
			return got.Title == "mine" && got.Priority == "high" // the other change of priority stays
		}},
		"keep theirs": {"Keep theirs", renameElsewhere, func(p person, id string) bool { return p.task(id).Title == "theirs" && len(p.tasks()) == 1 }},
		"keep both": {"Add mine as a new task", renameElsewhere, func(p person, id string) bool {
			return p.task(id).Title == "theirs" && len(p.titled("mine")) == 1
		}},
		"deleted": {"Add mine as a new task", func(p person, id string) {
			if _, err := p.Send(p.t.Context(), "DELETE", "/tasks/"+id, nil); err != nil {
				p.t.Fatal(err)
			}
		}, func(p person, _ string) bool { return len(p.titled("mine")) == 1 && len(p.tasks()) == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t)
			id := p.create(fields{"title": "ours", "due_at": today()}).ID
			w := p.window("/task/" + id)
			w.watch.excuse("409", "404")
			w.watch.excuseNetwork()
			w.live()
			w.kept("/task/" + id)
			w.device.offline()
			w.seeText("Offline")
			w.rename("mine")
			w.waiting(1)
			tt.elsewhere(p, id)
			w.device.online()
			if name == "deleted" {
				w.see(`!document.getElementById("edit")`)
				w.open("/all")
			}
			w.see(`document.querySelector("#waiting [data-conflict]")`)
			w.seeText("mine")
			if name != "deleted" {
				w.see(`document.getElementById("waiting").innerText.includes("theirs")`)
			}
			w.picture("conflict-" + name)
			w.clickText("#waiting button", tt.choose)
			w.waiting(0)
			p.until("the choice holds", func() error {
				if !tt.want(p, id) {
					return fmt.Errorf("the tasks are %+v", p.tasks())
				}
				return nil
			})
		})
	}
}

func renameElsewhere(p person, id string) {
	p.t.Helper()
	p.do("PATCH", "/tasks/"+id, fields{"title": "theirs", "priority": "high"}, nil)
}
