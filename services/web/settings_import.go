package main

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/importer/sheet"
	"taskmaster/internal/phrase"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

const importPath = "/settings/import"

// importPage is the page /settings/import.
type importPage struct {
	Done    *shownImport
	Refused *refusedForm
}

// shownImport is the result of an import or of its preview.
type shownImport struct {
	Name string
	apiv1.ImportResult
	Tasks []shownImported
	// Fields are the fields that a column can have.
	Fields []sheet.Field
	// More is the number of tasks that are not shown.
	More int
}

type shownImported struct {
	Title, Repeats, Priority string
	Completed                bool
	Due                      *moment
	Tags                     []string
}

// maxUpload is the largest form with a file that is read, in bytes. It fits the largest import and
// the other fields.
const maxUpload = 11 << 20

// uploadHandler handles a form with a file. err is the error of reading the file.
type uploadHandler func(w http.ResponseWriter, r *http.Request, rc *requestContext, f upload, err error) error

// upload adapts a handler of a form with a file: POST, for logged-in users, from a page of this
// site and of the same account.
func (s *service) upload(h uploadHandler) http.Handler {
	return s.withErrorView(func(w http.ResponseWriter, r *http.Request) error {
		if err := s.origins.Check(r); err != nil {
			return err
		}
		rc := &requestContext{Client: s.api.For(w, r), now: s.now()}
		if err := rc.loadUser(r, (*client.Client).Me); err != nil {
			return err
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		f, err := uploaded(r)
		if err := rc.checkNamedAccount(f.account); err != nil {
			return err
		}
		return h(w, r, rc, f, err)
	})
}

func (s *service) importSettings(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	return s.showImport(w, r, rc, http.StatusOK, importPage{})
}

func (s *service) showImport(w http.ResponseWriter, r *http.Request, rc *requestContext, status int, p importPage) error {
	return s.showTo(w, r, rc, status, page{Name: "import", Title: "Import and export", Path: importPath, Here: importPath, Body: p})
}

// importTasks imports the tasks of the uploaded file, or previews the import.
func (s *service) importTasks(w http.ResponseWriter, r *http.Request, rc *requestContext, f upload, err error) error {
	dryRun := r.URL.Query().Get("preview") == "1"
	var done apiv1.ImportResult
	if err == nil {
		done, err = rc.ImportFile(r.Context(), f.name, f.content, dryRun, strings.Join(f.columns, ","))
	}
	if err != nil {
		refused, status, err := s.refuse(w, r, err, "import", "file")
		if err != nil {
			return err
		}
		return s.showImport(w, r, rc, status, importPage{Refused: refused})
	}
	shown := &shownImport{Name: f.name, ImportResult: done, Fields: sheet.Fields(), More: done.Created - len(done.Sample)}
	for _, sample := range done.Sample {
		t := shownImported{Title: sample.Title, Completed: sample.Completed, Tags: sample.Tags, Due: rc.due(sample.DueAt, sample.DueOn)}
		if sample.Priority != task.PriorityNone {
			t.Priority = string(sample.Priority)
		}
		if sample.RRule != "" {
			t.Repeats = phrase.SayTask(task.Task{
				DueAt: sample.DueAt, DueOn: sample.DueOn, TimeZone: rc.user.TimeZone, Recurrence: &task.Recurrence{RRule: sample.RRule},
			})
		}
		shown.Tasks = append(shown.Tasks, t)
	}
	return s.showImport(w, r, rc, http.StatusOK, importPage{Done: shown})
}

// upload is a form with a file.
type upload struct {
	account string
	name    string
	content []byte
	// columns are the chosen fields of a table's columns, in their order.
	columns []string
}

// maxAccountField is the largest account field that is read, in bytes: an id and an e-mail address.
const maxAccountField = 500

// uploaded reads a form up to the end of its file.
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
		case "column":
			chosen, err := io.ReadAll(io.LimitReader(part, maxAccountField))
			if err != nil {
				return f, unreadable(err)
			}
			if len(f.columns) < csvfile.MaxColumns {
				f.columns = append(f.columns, string(chosen))
			}
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
