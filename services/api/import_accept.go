package main

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"

	"taskmaster/internal/importer/csvfile"
	"taskmaster/internal/importer/ical"
	"taskmaster/internal/peruser"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Limits of an import. Its body may be larger than server.MaxBody.
const (
	maxImport      = 10 << 20    // bytes
	maxImported    = 10_000      // tasks
	importUpload   = time.Minute // to receive the body
	importTimeout  = time.Minute // after the upload
	maxImportsBusy = 2
	// maxUploads is the number of bytes of bodies that are in memory.
	maxUploads = 8 * maxImport
	// importStall is the longest pause of a body. A client that stops sending frees its place.
	importStall = 10 * time.Second
)

// imports limits the memory and the work of imports. users gives each user one import at a time. uploads
// limits the bytes that have arrived: an upload that has not begun to send takes no place of others.
// busy limits the imports that are processed.
type imports struct {
	users         *peruser.Semaphore
	uploads, busy *semaphore.Weighted
	stall         time.Duration
}

func newImports() imports {
	return imports{
		users: peruser.New(1), uploads: semaphore.NewWeighted(maxUploads), busy: semaphore.NewWeighted(maxImportsBusy), stall: importStall,
	}
}

var errImportsBusy = task.RetryLater(task.CodeUnavailable, importUpload/4, "too many imports at once, try again shortly")

// entry is a task in a file.
type entry struct {
	// id is the task's own id, or the nil UUID if the file has none.
	id uuid.UUID
	// key identifies the entry in every file that contains it.
	key  string
	task task.Task
}

// importTasks adds the tasks of a file: an export, or a file of another program, see formats.Known. It
// adds all tasks or, if one of an export is not valid, none. After half an import, the owner would
// have to find out which half. Of a file of another program it leaves out the parts that do not fit. A file that is imported again adds nothing. A dry run
// reports the tasks that would be added.
func (s *service) importTasks(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "dry_run", "name", "mapping")
	dryRun, name := q.oneOf("dry_run", "false", "true", "false") == "true", q.text("name")
	mapping := q.text("mapping")
	if err := q.err(); err != nil {
		return err
	}
	mediaType, err := importType(r)
	if err != nil {
		return err
	}
	turn, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	if s.imports.users.Acquire(turn, c.UserID) != nil {
		return task.RetryLater(task.CodeUnavailable, importUpload/4, "another import of this account is running, try again shortly")
	}
	defer s.imports.users.Release(c.UserID)
	body, free, err := s.imports.receive(w, r)
	defer free()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(r.Context(), importTimeout)
	defer cancel()
	if s.imports.busy.Acquire(ctx, 1) != nil {
		return errImportsBusy
	}
	defer s.imports.busy.Release(1)
	in, err := s.readImport(ctx, mediaType, name, mapping, body, c)
	if err != nil {
		return err
	}
	if in.guessed && !dryRun {
		return errGuessed
	}
	return s.commitWithin(ctx, w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		notes, err := storeSettings(ctx, tx, c, in, dryRun, s.instant())
		if err != nil {
			return answer{}, err
		}
		u, err := lockUser(ctx, tx, c.UserID, s.instant(), s.quota())
		if err != nil {
			return answer{}, err
		}
		result, err := u.storeImport(ctx, in, dryRun)
		result.Notes = slices.Insert(result.Notes, 0, notes...)
		result.Columns = in.columns
		return answer{Status: http.StatusOK, Body: result}, err
	})
}

var errGuessed = task.Errorf(task.CodeInvalid,
	"no column of the table has the name of a title: preview the file, choose the meaning of its columns, and import it then (dry_run and mapping)")

// importType returns the media type of the file. The default is JSON.
func importType(r *http.Request) (string, error) {
	ct := r.Header.Get("Content-Type")
	if ct == "" {
		return "application/json", nil
	}
	mediaType, _, err := mime.ParseMediaType(ct)
	switch mediaType {
	case "application/json", ical.MediaType, csvfile.MediaType, mediaZip, mediaOldZip:
		if err == nil {
			return mediaType, nil
		}
	}
	return "", &server.StatusError{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
		Detail: "the body has to be application/json, text/calendar, text/csv or application/zip"}
}

// readImport reads and checks a file. The name of a Todoist file is the name of its project. mapping
// corrects the columns of a table.
func (s *service) readImport(ctx context.Context, mediaType, name, mapping string, body []byte, c caller) (*importReader, error) {
	u, err := s.user(ctx, c)
	if err != nil {
		return nil, err
	}
	in := &importReader{now: s.instant(), zone: u.TimeZone, defaults: u.DefaultReminders()}
	switch mediaType {
	case ical.MediaType:
		err = in.readCalendar(ctx, body)
	case csvfile.MediaType:
		err = in.readCSV(ctx, name, mapping, body)
	case mediaZip, mediaOldZip:
		err = in.readArchive(ctx, body)
	default:
		err = in.readAnyJSON(ctx, name, body)
	}
	if err != nil {
		return nil, err
	}
	return in, task.InvalidFields(in.bad)
}
