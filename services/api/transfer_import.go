package main

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/importer/ical"
	"taskmaster/internal/importer/todoist"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Limits of an import. It is the one request whose body may be larger than server.MaxBody.
const (
	maxImport      = 10 << 20 // bytes
	maxImported    = 10_000   // tasks
	maxImportBad   = 100      // bad fields that are reported
	importUpload   = time.Minute
	importTimeout  = time.Minute // from then on
	maxUploads     = 8
	maxImportsBusy = 2
)

// imports bounds what imports take: places for those whose body is on its way or in memory, and of these for those that
// are worked on.
type imports struct {
	uploads, busy chan struct{}
}

func newImports() imports {
	return imports{uploads: make(chan struct{}, maxUploads), busy: make(chan struct{}, maxImportsBusy)}
}

// entry is a task in a file.
type entry struct {
	// id is the task's own, or the nil UUID when the file has none.
	id uuid.UUID
	// key is what tells the entry from any other; the same in each file that has it.
	key  string
	task task.Task
}

// importTasks adds the tasks of a file: what exportTasks gives, the iCalendar of another program, or what Todoist and Vikunja
// export. All of them or, when one is not valid, none: half a file would leave its owner to find out which half. A file that
// comes again adds nothing. A dry run says what would be added, and adds nothing either.
func (a *api) importTasks(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "dry_run", "name")
	dryRun, name := q.oneOf("dry_run", "false", "true", "false") == "true", q.text("name")
	if err := q.err(); err != nil {
		return err
	}
	mediaType, err := importType(r)
	if err != nil {
		return err
	}
	select {
	case a.imports.uploads <- struct{}{}:
		defer func() { <-a.imports.uploads }()
	default:
		return task.RetryLater(task.CodeUnavailable, importUpload/4, "too many imports at once, try again shortly")
	}
	// A client that does not send is not waited for. Not every connection has deadlines; those that do not need none.
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(importUpload))
	body, err := server.ReadBody(w, r, maxImport)
	_ = connection.SetReadDeadline(time.Time{})
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(r.Context(), importTimeout)
	defer cancel()
	select {
	case a.imports.busy <- struct{}{}:
		defer func() { <-a.imports.busy }()
	case <-ctx.Done():
		return task.RetryLater(task.CodeUnavailable, importUpload/4, "too many imports at once, try again shortly")
	}
	in, err := a.readImport(ctx, mediaType, name, body, c)
	if err != nil {
		return err
	}
	return a.changeWithin(ctx, w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		notes, err := storeSettings(ctx, tx, c, in, dryRun)
		if err != nil {
			return answer{}, err
		}
		result, err := storeImport(ctx, tx, c.UserID, in, dryRun, a.instant())
		result.Notes = slices.Insert(result.Notes, 0, notes...)
		return answer{Status: http.StatusOK, Body: result}, err
	})
}

// importType returns the media type of the file; JSON when the request does not say.
func importType(r *http.Request) (string, error) {
	ct := r.Header.Get("Content-Type")
	if ct == "" {
		return "application/json", nil
	}
	mediaType, _, err := mime.ParseMediaType(ct)
	switch mediaType {
	case "application/json", ical.MediaType, todoist.MediaType, mediaZip, mediaOldZip:
		if err == nil {
			return mediaType, nil
		}
	}
	return "", &server.StatusError{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
		Detail: "the body has to be application/json, text/calendar, text/csv or application/zip"}
}

// readImport reads and checks a file. Its name matters where that says something.
func (a *api) readImport(ctx context.Context, mediaType, name string, body []byte, c caller) (*importReader, error) {
	u, err := a.user(ctx, c)
	if err != nil {
		return nil, err
	}
	in := &importReader{now: a.instant(), zone: u.TimeZone}
	switch mediaType {
	case ical.MediaType:
		err = in.readCalendar(ctx, body)
	case todoist.MediaType:
		err = in.readTodoist(ctx, name, body)
	case mediaZip, mediaOldZip:
		err = in.readArchive(ctx, body)
	default:
		err = in.readJSON(ctx, body)
	}
	if err != nil {
		return nil, err
	}
	return in, task.InvalidFields(in.bad)
}
