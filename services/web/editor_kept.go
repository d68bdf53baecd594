package main

import (
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// madeHeader tells a browser that sent a change that it had kept what it made of the task. It puts that as "made" into later
// changes of the same task, which were typed before: its own change is no conflict with those.
const madeHeader = "Taskmaster-Made"

// made returns the stand-ins of the parts that the visitor changed, now and by earlier changes, as they were saved.
func (f taskForm) made(saved taskForm, values url.Values) string {
	was, earlier := readDigest(values.Get("was")), readDigest(values.Get("made"))
	typed, now := f.fields(), saved.fields()
	return joinDigests(func(name string) string {
		if digest(typed[name]) != was[name] {
			return digest(now[name])
		}
		return earlier[name]
	})
}

// seen returns the stand-ins of the parts that are in conflict, as they are: who has seen those and still wants theirs is right.
func seen(now taskForm, conflicts []conflict) string {
	there := now.fields()
	return joinDigests(func(name string) string {
		for _, c := range conflicts {
			if c.Name == name {
				return digest(there[name])
			}
		}
		return ""
	})
}

func joinDigests(of func(name string) string) string {
	var all []string
	for _, name := range fieldNames {
		all = append(all, of(name))
	}
	return strings.Join(all, ".")
}

// tellConflicts answers a kept change with what the browser shows to the person.
func tellConflicts(rw http.ResponseWriter, seen string, conflicts []conflict) error {
	return server.Encode(rw, http.StatusConflict, struct {
		server.Problem
		Seen      string     `json:"seen"`
		Conflicts []conflict `json:"conflicts"`
	}{
		server.Problem{
			Type: "about:blank", Title: http.StatusText(http.StatusConflict), Status: http.StatusConflict, Code: task.CodeConflict,
			Detail: "this task was changed elsewhere meanwhile",
		}, seen, conflicts,
	})
}

// copyTask makes a new task of what somebody wanted of one that is gone, or that somebody else wanted different.
func (w *web) copyTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	form := readTaskForm(r.PostForm)
	body, err := form.patch(formOf(task.Task{TimeZone: form.TimeZone}, v.now))
	if err != nil {
		return err
	}
	if _, ok := body["reminders"]; !ok {
		body["reminders"] = []task.Reminder{} // none were wanted
	}
	t, err := v.post(r.Context(), "", r.PostFormValue("key"), body)
	if err != nil {
		return err
	}
	return w.done(rw, r, back(r), notice{Text: "Added " + quoted(t.Title)})
}
