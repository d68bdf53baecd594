package main

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"taskmaster/internal/phrase"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

const importPath = "/settings/import"

// importPage is what /settings/import shows.
type importPage struct {
	Done    *shownImport
	Refused *refusedForm
}

// shownImport is what an import did, or would do.
type shownImport struct {
	Name string
	apiImport
	Tasks []shownImported
	// More is how many tasks are not among those that are shown.
	More int
}

type shownImported struct {
	Title, Repeats, Priority string
	Completed                bool
	Due                      *moment
	Tags                     []string
}

// maxUpload is the largest form with a file that is read, in bytes: what api takes of an import, and what is around it.
const maxUpload = 11 << 20

// uploadHandler answers a form with a file. err is why the file could not be read.
type uploadHandler func(rw http.ResponseWriter, r *http.Request, v *visit, f upload, err error) error

// upload adapts a handler of a form with a file: POST, for who is logged in, from a page of ours and of the same account.
func (w *web) upload(h uploadHandler) http.Handler {
	return w.answer(func(rw http.ResponseWriter, r *http.Request) error {
		if err := w.origins.Check(r); err != nil {
			return err
		}
		v := &visit{session: w.newSession(rw, r), now: w.now()}
		if err := v.loadUser(r); err != nil {
			return err
		}
		r.Body = http.MaxBytesReader(rw, r.Body, maxUpload)
		f, err := uploaded(r)
		if err := v.checkAccount(f.account); err != nil {
			return err
		}
		return h(rw, r, v, f, err)
	})
}

func (w *web) importSettings(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showImport(rw, r, v, http.StatusOK, importPage{})
}

func (w *web) showImport(rw http.ResponseWriter, r *http.Request, v *visit, status int, p importPage) error {
	return w.showTo(rw, r, v, status, page{Name: "import", Title: "Import and export", Path: importPath, Here: importPath, Body: p})
}

// importTasks adds the tasks of the file that a form holds, or says what it would add.
func (w *web) importTasks(rw http.ResponseWriter, r *http.Request, v *visit, f upload, err error) error {
	dryRun := r.URL.Query().Get("preview") == "1"
	var done apiImport
	if err == nil {
		done, err = v.importFile(r.Context(), f.name, f.content, dryRun)
	}
	if err != nil {
		refused, status, err := w.refuse(rw, r, err, "import", "file")
		if err != nil {
			return err
		}
		return w.showImport(rw, r, v, status, importPage{Refused: refused})
	}
	shown := &shownImport{Name: f.name, apiImport: done, More: done.Created - len(done.Sample)}
	for _, s := range done.Sample {
		t := shownImported{Title: s.Title, Completed: s.Completed, Tags: s.Tags, Due: v.moment(s.DueAt)}
		if s.Priority != string(task.PriorityNone) {
			t.Priority = s.Priority
		}
		if s.DueAt != nil && s.RRule != "" {
			t.Repeats = phrase.Say(task.Recurrence{RRule: s.RRule}, *s.DueAt, v.zone)
		}
		shown.Tasks = append(shown.Tasks, t)
	}
	return w.showImport(rw, r, v, http.StatusOK, importPage{Done: shown})
}

// upload is a form with a file.
type upload struct {
	account string
	name    string
	content []byte
}

// maxAccountField is the longest account field that is read, in bytes: an id and an address.
const maxAccountField = 500

// uploaded reads a form up to its file.
func uploaded(r *http.Request) (f upload, err error) {
	none := task.Invalid("file", "is missing: choose one")
	parts, err := r.MultipartReader()
	if err != nil {
		return f, none
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, none
		}
		if err != nil {
			return f, unreadable(err)
		}
		switch part.FormName() {
		case accountField:
			named, err := io.ReadAll(io.LimitReader(part, maxAccountField))
			if err != nil {
				return f, unreadable(err)
			}
			f.account = string(named)
		case "file":
			f.name, f.content, err = readPart(part, none)
			return f, err
		}
	}
}

func readPart(part *multipart.Part, none error) (string, []byte, error) {
	content, err := io.ReadAll(part)
	if err != nil {
		return "", nil, unreadable(err)
	}
	if len(content) == 0 && part.FileName() == "" {
		return "", nil, none
	}
	if len(content) == 0 {
		return "", nil, task.Invalid("file", "is empty")
	}
	return strings.ToValidUTF8(part.FileName(), ""), content, nil
}

func unreadable(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return &server.StatusError{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the file is larger than 10 MiB: split it"}
	}
	return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the file did not arrive whole, try again"}
}
