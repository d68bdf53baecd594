package main

import (
	"context"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/ical"
	"taskmaster/services/server"
	"taskmaster/services/task"
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

// importResult answers POST /import.
type importResult struct {
	Created int `json:"created"`
	// Skipped are entries that the account has already.
	Skipped int `json:"skipped"`
}

// importTasks adds the tasks of a file: what exportTasks gives, or the iCalendar of another program. All of them or, when
// one is not valid, none: half a file would leave its owner to find out which half. A file that comes again adds nothing.
func (a *api) importTasks(w http.ResponseWriter, r *http.Request, c caller) error {
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
	entries, err := a.readImport(ctx, mediaType, body, c)
	if err != nil {
		return err
	}
	return a.changeWithin(ctx, w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		result, err := storeImport(ctx, tx, c.UserID, entries, a.instant())
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
	if err != nil || (mediaType != "application/json" && mediaType != ical.MediaType) {
		return "", &server.StatusError{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
			Detail: "the body has to be application/json or text/calendar"}
	}
	return mediaType, nil
}

// readImport reads and checks a file.
func (a *api) readImport(ctx context.Context, mediaType string, body []byte, c caller) ([]entry, error) {
	u, err := a.user(ctx, c)
	if err != nil {
		return nil, err
	}
	in := importReader{now: a.instant(), zone: u.TimeZone}
	if mediaType == ical.MediaType {
		err = in.readCalendar(ctx, body)
	} else {
		err = in.readJSON(ctx, body)
	}
	if err != nil {
		return nil, err
	}
	return in.entries, task.InvalidFields(in.bad)
}
