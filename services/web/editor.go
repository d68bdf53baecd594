package main

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"taskmaster/internal/task"
)

// editorPage is one task with all that can be changed of it.
type editorPage struct {
	Row  row
	Form taskForm
	// Was stands for what the form was filled with, so that saving sends only what the visitor changed.
	Was string
	// Notes are the description as Markdown, sanitised.
	Notes   template.HTML
	Repeats recurrenceWords
	Snoozes []snoozeChoice
	Zones   []string
	// From is the view from which the visitor came, and to which saving leads back; "" is this page.
	From string
	// Problem and Refused are what is wrong with what was typed: of the whole, and by field.
	Problem string
	Refused map[string]string
	History []historyEntry
	// Conflicts are the fields that were changed here and elsewhere.
	Conflicts []conflict
}

// editor shows a task.
func (w *web) editor(rw http.ResponseWriter, r *http.Request, v *visit) error {
	t, err := v.task(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	e := v.newEditor(t, formOf(t, v.now))
	if e.History, err = v.history(r.Context(), t); err != nil {
		return err
	}
	if from, ok := currentPath(r); ok && !strings.HasPrefix(from, "/task/") {
		e.From = from
	}
	return w.showEditor(rw, r, v, http.StatusOK, e)
}

func (v *visit) newEditor(t task.Task, form taskForm) editorPage {
	was := formOf(t, v.now)
	e := editorPage{
		Row: v.row(t), Form: form, Was: was.digest(), Notes: markdown(t.Description), Snoozes: v.snoozes(), Zones: v.zones(t),
	}
	if t.Recurrence != nil && t.DueAt != nil && form.Repeat.text() == was.Repeat.text() {
		e.Repeats = v.recurrenceWords(*t.Recurrence, *t.DueAt, t.TimeZone)
	} else {
		e.Repeats = v.preview(form)
	}
	return e
}

func (w *web) showEditor(rw http.ResponseWriter, r *http.Request, v *visit, status int, e editorPage) error {
	return w.showTo(rw, r, v, status, page{Name: "task", Title: e.Row.Title, Body: e, Here: "/task/" + e.Row.ID})
}

// saveTask changes what the visitor changed. What somebody else changed meanwhile is kept; where both changed the same, both
// versions are shown and the visitor chooses.
func (w *web) saveTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	mine := readTaskForm(r.PostForm)
	if readDigest(r.PostFormValue("was")) == nil {
		return task.Invalid("was", "is missing: load the task anew")
	}
	// Once more after a change that came between reading and writing.
	for range 3 {
		t, err := v.task(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		merged := merge(mine, formOf(t, v.now), r.PostForm)
		e := v.newEditor(t, merged.form)
		e.From, _ = localPath(r.PostFormValue("from"))
		if len(merged.conflicts) > 0 {
			e.Conflicts = merged.conflicts
			if keptChange(r) {
				return tellConflicts(rw, seen(formOf(t, v.now), merged.conflicts), merged.conflicts)
			}
			return w.showEditor(rw, r, v, http.StatusConflict, e)
		}
		patch, err := merged.form.patch(formOf(t, v.now))
		if err == nil && len(patch) > 0 {
			err = v.call(r.Context(), "PATCH", "/tasks"+taskPath(t.ID.String()), patch, &t, "If-Match", etag(e.Row.Revision))
		}
		switch task.ErrorCode(err) {
		case "":
			rw.Header().Set("ETag", v.etag(t))
			rw.Header().Set(madeHeader, mine.made(merged.form, r.PostForm))
			said := notice{Text: "Saved " + quoted(t.Title)}
			if e.From == "" {
				e.From = "/task/" + t.ID.String()
			}
			return w.done(rw, r, e.From, said)
		case task.CodePrecondition:
			continue
		case task.CodeInvalid:
			if keptChange(r) {
				return err
			}
			p := w.explain(rw, r, err)
			e.Problem, e.Refused = sentence(p), byField(p.Errors)
			return w.showEditor(rw, r, v, p.Status, e)
		default:
			return err
		}
	}
	return task.RetryLater(task.CodeUnavailable, retryAfter, "the task keeps changing: try again in a moment")
}

// byField gathers what is said of each field of the form.
func byField(errors []task.FieldError) map[string]string {
	refused := map[string]string{}
	for _, e := range errors {
		name, _, _ := strings.Cut(e.Field, ".")
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

// zones are the time zones that are offered by name; a script offers all that the browser knows.
func (v *visit) zones(t task.Task) []string {
	zones := []string{v.user.TimeZone}
	for _, zone := range []string{t.TimeZone, "UTC"} {
		if zone != zones[0] && (len(zones) < 2 || zone != zones[1]) {
			zones = append(zones, zone)
		}
	}
	return zones
}

// numbers are 1 to n, for choices.
func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}
