package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// refusedForm is a form of the settings that was refused. The page shows it again with the typed
// text and the errors.
type refusedForm struct {
	// Form is the name of the form. The ids of its fields begin with it.
	Form string
	// Summary is the error when it concerns no single field. Fields are the errors of single
	// fields.
	Summary string
	Fields  []refusedField
	typed   url.Values
}

// refusedField is the error of a field. ID is the id of its element, or "" when the form has no
// such element.
type refusedField struct{ ID, Message string }

// Error returns the error of a field, or "".
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

// Typed returns the typed text of a field. It returns otherwise for a form that was not refused.
func (f *refusedForm) Typed(form, field, otherwise string) string {
	if f == nil || f.Form != form {
		return otherwise
	}
	return f.typed.Get(field)
}

// Chose reports whether a checkbox was checked. It returns otherwise for a form that was not
// refused.
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

// refuse returns the form to show again when the user can correct the error. It returns all other
// errors unchanged. fields are the names of the form's fields.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, err error, form string, fields ...string) (*refusedForm, int, error) {
	request, isRequest := errors.AsType[*server.StatusError](err)
	switch code := task.ErrorCode(err); {
	case code == task.CodeInvalid, code == task.CodeConflict, code == task.CodeForbidden, code == task.CodeRateLimited, code == task.CodePrecondition:
	case isRequest && request.Status < http.StatusInternalServerError && request.Code != account.CodeOther:
	default:
		return nil, 0, err
	}
	p := s.explainError(w, r, err)
	f := &refusedForm{Form: form, typed: r.PostForm}
	if len(p.Errors) == 0 {
		f.Summary = problemSentence(p)
	}
	for _, bad := range p.Errors {
		shown := refusedField{Message: strings.ReplaceAll(strings.ReplaceAll(bad.Field, "_", " "), "url", "URL") + " " + bad.Message}
		for _, name := range fields {
			if bad.Field == name || strings.HasPrefix(bad.Field, name+"[") || strings.HasPrefix(bad.Field, name+".") {
				shown.ID = form + "-" + name
			}
		}
		shown.Message = sentenceOf(shown.Message)
		f.Fields = append(f.Fields, shown)
	}
	return f, p.Status, nil
}
