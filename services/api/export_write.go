package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/importer/ical"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// exportVersion is the version of the JSON format.
const exportVersion = 1

// exportPage is the number of tasks in memory at a time. Tasks with the longest notes take 6 MB.
const exportPage = 100

// exporter writes tasks to a file.
type exporter interface {
	Write(t task.Task) error
	Flush() error
	Close() error
}

// exportTasks answers with all of the caller's tasks as a file, in JSON or iCalendar. The ids are
// read first, and the tasks then in parts. Neither their number nor a slow client takes memory or
// holds a database connection. If a part fails, the connection breaks, so that nobody takes the
// part for all.
func (s *service) exportTasks(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "format", "history")
	format := q.oneOf("format", accepted(r.Header.Get("Accept")), "json", "ics")
	withHistory := q.oneOf("history", "false", "true", "false") == "true"
	if withHistory && format == "ics" {
		q.fail("history", "is for format=json: iCalendar cannot express it")
	}
	if err := q.err(); err != nil {
		return err
	}
	var ids []uuid.UUID
	var about *exportedAccount
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		if about, err = readAccount(ctx, tx, c, s.now()); err != nil {
			return err
		}
		ids, err = postgres.TaskIDs(ctx, tx, c.UserID)
		return err
	})
	if err != nil {
		return err
	}
	account, err := about.fields()
	if err != nil {
		return err
	}

	contentType := "application/json"
	if format == "ics" {
		contentType = ical.MediaType + "; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="taskmaster-%s.%s"`, s.now().UTC().Format(time.DateOnly), format))
	if err := s.export(r.Context(), w, newExporter(w, format, account, s.instant()), c.UserID, ids, withHistory); err != nil {
		if r.Context().Err() == nil {
			s.log.ErrorContext(r.Context(), "export failed", "error", err)
		}
		panic(http.ErrAbortHandler) // The status is sent already. net/http breaks the connection and logs nothing.
	}
	return nil
}

func (s *service) export(ctx context.Context, w http.ResponseWriter, out exporter, userID uuid.UUID, ids []uuid.UUID, withHistory bool) error {
	// The deadline drops a client that does not read. A writer without deadlines, as in tests,
	// needs none.
	connection := http.NewResponseController(w)
	defer func() { _ = connection.SetWriteDeadline(time.Time{}) }()
	send := func() error {
		_ = connection.SetWriteDeadline(time.Now().Add(requestTimeout))
		return out.Flush()
	}
	for part := range slices.Chunk(ids, exportPage) {
		var tasks []task.Task
		err := s.read(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			tasks, err = postgres.TasksByIDs(ctx, tx, userID, part)
			return err
		})
		if err != nil {
			return err
		}
		_ = connection.SetWriteDeadline(time.Now().Add(requestTimeout))
		for _, t := range tasks {
			if err := out.Write(t); err != nil {
				return err
			}
		}
		if err := send(); err != nil {
			return err
		}
	}
	if list, ok := out.(*jsonExporter); ok && withHistory {
		if err := s.exportHistory(ctx, list, userID, ids, send); err != nil {
			return err
		}
	}
	return out.Close()
}

func newExporter(w io.Writer, format, account string, now time.Time) exporter {
	if format == "ics" {
		return ical.NewWriter(w, now)
	}
	out := &jsonExporter{w: bufio.NewWriter(w)}
	// bufio keeps the first error, and Flush returns it.
	_, _ = fmt.Fprintf(out.w, `{"version":%d,"exported_at":%q,%s"tasks":[`, exportVersion, now.Format(time.RFC3339Nano), account)
	return out
}

// jsonExporter writes {"version", "exported_at", "settings", "channels", "connections",
// "conversations", "tasks", "history"} with one task or history entry per line.
type jsonExporter struct {
	w *bufio.Writer
	// wrote is set after the first task, and history after the first history entry.
	wrote, history bool
}

func (e *jsonExporter) Write(t task.Task) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode task %s: %w", t.ID, err)
	}
	separator := ",\n"
	if !e.wrote {
		separator, e.wrote = "\n", true
	}
	_, _ = e.w.WriteString(separator)
	_, _ = e.w.Write(raw)
	return nil
}

func (e *jsonExporter) Flush() error {
	if err := e.w.Flush(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func (e *jsonExporter) Close() error {
	_, _ = e.w.WriteString("\n]}\n")
	return e.Flush()
}

// accepted returns the format that an Accept header prefers (RFC 9110 section 12.5.1). The default
// is JSON.
func accepted(header string) string {
	quality := map[string]float64{}
	for part := range strings.SplitSeq(header, ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality[mediaType] = 1
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality[mediaType] = q
		}
	}
	if quality[ical.MediaType] > quality["application/json"] {
		return "ics"
	}
	return "json"
}
