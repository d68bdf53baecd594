package main

import (
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/task"
)

// refusedForm is a form of the settings that could not be done: it is shown again, with what was typed and why.
type refusedForm struct {
	// Form is the form's name, by which its fields' ids begin.
	Form string
	// Summary says what is wrong when no field is; Fields say it of each.
	Summary string
	Fields  []refusedField
	typed   url.Values
}

// refusedField is what is wrong with a field. ID is that of its element, "" when the form has none such.
type refusedField struct{ ID, Message string }

// Error is what is wrong with a field, "" when nothing is.
func (f *refusedForm) Error(form, field string) string {
	if f != nil {
		for _, bad := range f.Fields {
			if bad.ID == form+"-"+field {
				return bad.Message
			}
		}
	}
	return ""
}

// Typed is what was typed into a field, or what is there when the form is new.
func (f *refusedForm) Typed(form, field, otherwise string) string {
	if f == nil || f.Form != form {
		return otherwise
	}
	return f.typed.Get(field)
}

// Chose says whether a box was ticked, or is when the form is new.
func (f *refusedForm) Chose(form, field, value string, otherwise bool) bool {
	if f == nil || f.Form != form {
		return otherwise
	}
	for _, v := range f.typed[field] {
		if v == value {
			return true
		}
	}
	return false
}

// refuse tells apart what the visitor can put right, which is a form to be shown again, from any other error. fields are the
// names of the form's fields.
func (w *web) refuse(rw http.ResponseWriter, r *http.Request, err error, form string, fields ...string) (*refusedForm, int, error) {
	switch task.ErrorCode(err) {
	case task.CodeInvalid, task.CodeConflict, task.CodeForbidden, task.CodeRateLimited, task.CodePrecondition, "too_large", "bad_request", "unsupported_media_type":
	default:
		return nil, 0, err
	}
	p := w.explain(rw, r, err)
	f := &refusedForm{Form: form, typed: r.PostForm}
	if len(p.Errors) == 0 {
		f.Summary = sentence(p)
	}
	for _, bad := range p.Errors {
		shown := refusedField{Message: strings.ReplaceAll(strings.ReplaceAll(bad.Field, "_", " "), "url", "URL") + " " + bad.Message}
		for _, name := range fields {
			if bad.Field == name || strings.HasPrefix(bad.Field, name+"[") || strings.HasPrefix(bad.Field, name+".") {
				shown.ID = form + "-" + name
			}
		}
		shown.Message = strings.ToUpper(shown.Message[:1]) + shown.Message[1:] + "."
		f.Fields = append(f.Fields, shown)
	}
	return f, p.Status, nil
}
