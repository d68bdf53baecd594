package main

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"taskmaster/internal/task"
	"taskmaster/services/web/client"
	"taskmaster/services/web/proxy"
)

// editorPage shows one task and a form for all its fields.
type editorPage struct {
	Row  row
	Form taskForm
	// Was is a digest of the form's initial values. Saving sends only the fields that the user
	// changed.
	Was string
	// Notes is the description as sanitised HTML.
	Notes   template.HTML
	Repeats recurrenceWords
	Snoozes []snoozeChoice
	Zones   []string
	// From is the view from which the user came. Saving leads back to it. "" means this page.
	From string
	// Problem is the error of the whole form. Refused holds the errors by field.
	Problem string
	Refused map[string]string
	History []historyEntry
	// Conflicts are the fields that were changed both here and elsewhere.
	Conflicts []conflict
}

// editor shows a task.
func (s *service) editor(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	t, err := rc.Task(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	e := s.newEditor(rc, t, formOf(t, rc.now))
	if e.History, err = rc.history(r.Context(), t); err != nil {
		return err
	}
	if from, ok := currentPath(r); ok && !strings.HasPrefix(from, "/task/") {
		e.From = from
	}
	return s.showEditor(w, r, rc, http.StatusOK, e)
}

func (s *service) newEditor(rc *requestContext, t task.Task, form taskForm) editorPage {
	was := formOf(t, rc.now)
	e := editorPage{
		Row: rc.row(t), Form: form, Was: was.digest(), Notes: s.notes.render(t.Description), Snoozes: rc.snoozes(), Zones: rc.zones(t),
	}
	if t.Recurrence != nil && (t.DueAt != nil || t.DueOn != nil) && form.Repeat.text() == was.Repeat.text() {
		e.Repeats = rc.recurrenceWords(t)
	} else {
		e.Repeats = rc.preview(form)
	}
	return e
}

func (s *service) showEditor(w http.ResponseWriter, r *http.Request, rc *requestContext, status int, e editorPage) error {
	return s.showTo(w, r, rc, status, page{Name: "task", Title: e.Row.Title, Body: e, Here: "/task/" + e.Row.ID})
}

// saveTask saves the user's changes and keeps the changes that others made meanwhile. For fields
// that both changed, it shows both versions and lets the user choose.
func (s *service) saveTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	mine := readTaskForm(r.PostForm)
	if readDigest(r.PostFormValue("was")) == nil {
		return task.Invalid("was", "is missing: load the task anew")
	}
	// Try again if the task changes between reading and writing.
	for range 3 {
		t, err := rc.Task(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		merged := merge(mine, formOf(t, rc.now), r.PostForm)
		e := s.newEditor(rc, t, merged.form)
		e.From, _ = localPath(r.PostFormValue("from"))
		if len(merged.conflicts) > 0 {
			e.Conflicts = merged.conflicts
			if isOfflineChange(r) {
				return writeConflicts(w, seen(formOf(t, rc.now), merged.conflicts), merged.conflicts)
			}
			return s.showEditor(w, r, rc, http.StatusConflict, e)
		}
		patch, err := merged.form.patch(formOf(t, rc.now))
		if err == nil && len(patch) > 0 {
			err = rc.Call(r.Context(), "PATCH", client.ItemPath("/tasks", t.ID.String()), patch, &t, "If-Match", task.ETag(e.Row.Revision))
		}
		switch task.ErrorCode(err) {
		case "":
			w.Header().Set("ETag", rc.etag(t))
			w.Header().Set(madeHeader, mine.made(merged.form, r.PostForm))
			said := flashMessage{Text: "Saved " + quoted(t.Title)}
			if e.From == "" {
				e.From = "/task/" + t.ID.String()
			}
			return s.redirectWithFlash(w, r, e.From, said)
		case task.CodePrecondition:
			continue
		case task.CodeInvalid:
			if isOfflineChange(r) {
				return err
			}
			p := s.explainError(w, r, err)
			e.Problem, e.Refused = problemSentence(p), byField(p.Errors)
			return s.showEditor(w, r, rc, p.Status, e)
		default:
			return err
		}
	}
	return task.RetryLater(task.CodeUnavailable, proxy.RetryAfter, "the task keeps changing: try again in a moment")
}

// byField joins the errors of each field of the form.
func byField(errors []task.FieldError) map[string]string {
	refused := map[string]string{}
	for _, e := range errors {
		name, _, _ := strings.Cut(e.Field, ".")
		if name == "due_on" {
			name = "due_at" // one field of the form
		}
		refused[name] = strings.TrimSpace(refused[name] + " " + sentenceOf(e.Message))
	}
	return refused
}

func (e editorPage) DueHint() string {
	if e.Form.Repeat.Freq == "" {
		return ""
	}
	return "Another date moves this occurrence alone; the others stay where they are."
}

// zones returns the time zones to offer. A script adds all zones that the browser knows.
func (rc *requestContext) zones(t task.Task) []string {
	zones := []string{rc.user.TimeZone}
	for _, zone := range []string{t.TimeZone, "UTC"} {
		if zone != zones[0] && (len(zones) < 2 || zone != zones[1]) {
			zones = append(zones, zone)
		}
	}
	return zones
}

// numbers returns "1" to n for a select element.
func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}
