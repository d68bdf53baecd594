package main

import (
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// madeHeader returns the digest of the saved values to a browser that sent a kept change. The
// browser adds it as "made" to its later changes of the same task, which were typed before. Its own
// change then causes no conflict with them.
const madeHeader = "Taskmaster-Made"

// made returns the hashes of the parts that the user changed, now or by earlier changes, in their
// saved form.
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

// seen returns the hashes of the current values of the parts in conflict. A user who saw these
// values and keeps their own version causes no further conflict.
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

// writeConflicts answers a kept change with the conflicts. The browser shows them to the user.
func writeConflicts(w http.ResponseWriter, seen string, conflicts []conflict) error {
	return server.Encode(w, http.StatusConflict, struct {
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

// copyTask creates a new task from a user's version of a task that was deleted or changed by
// others.
func (s *service) copyTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	form := readTaskForm(r.PostForm)
	body, err := form.patch(formOf(task.Task{TimeZone: form.TimeZone}, rc.now))
	if err != nil {
		return err
	}
	if _, ok := body["reminders"]; !ok {
		body["reminders"] = []task.Reminder{} // the user wants no reminders
	}
	t, err := rc.Post(r.Context(), "/tasks", r.PostFormValue("key"), body)
	if err != nil {
		return err
	}
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: "Added " + quoted(t.Title)})
}
