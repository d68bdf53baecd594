package main

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"taskmaster/internal/task"
)

// The number of rows of a view. A view begins with firstRows, and each further step adds moreRows. From
// maxRows on, the following rows are on a page of their own. So no page is slow, and no task is left out.
const (
	firstRows = 100
	moreRows  = 200
	maxRows   = 1000
)

// more leads to the rows that a view does not show.
type more struct {
	Path string
	// Next reports whether Path shows only the following rows, and not these as well.
	Next bool
}

// readPart reads the tasks of a view that match a filter of GET /tasks. ?show=300 is the number of rows,
// and ?from is the cursor of the first one. The result more is nil if no rows follow.
func (rc *requestContext) readPart(r *http.Request, filter url.Values) ([]task.Task, *more, error) {
	show, err := shownRows(r.URL.Query())
	if err != nil {
		return nil, nil, err
	}
	if from := r.URL.Query().Get("from"); from != "" {
		filter.Set("cursor", from)
	}
	tasks, next, err := rc.Tasks(r.Context(), show, filter)
	if err != nil || next == "" {
		return tasks, nil, err
	}
	if show < maxRows {
		return tasks, longer(r, show), nil
	}
	return tasks, &more{Path: pathWith(r, map[string]string{"show": "", "from": next}), Next: true}, nil
}

// longer leads to the view with more rows.
func longer(r *http.Request, show int) *more {
	return &more{Path: pathWith(r, map[string]string{"show": strconv.Itoa(min(show+moreRows, maxRows))})}
}

// shownRows reads the number of rows from a query.
func shownRows(query url.Values) (int, error) {
	text := query.Get("show")
	if text == "" {
		return firstRows, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxRows {
		return 0, task.Invalid("show", "is not a number of rows between 1 and "+strconv.Itoa(maxRows))
	}
	return n, nil
}

// pathWith returns the path of a request with some parameters changed. An empty value removes one.
func pathWith(r *http.Request, changes map[string]string) string {
	query := r.URL.Query()
	for name, value := range changes {
		if query.Set(name, value); value == "" {
			query.Del(name)
		}
	}
	return (&url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query.Encode()}).String()
}

// instantParam returns the value of due_after or due_before.
func instantParam(t time.Time) []string { return []string{t.UTC().Format(time.RFC3339)} }

// tomorrow returns the start of the next day of the user.
func (rc *requestContext) tomorrow() time.Time { return startOfDay(rc.now.In(rc.zone), 1) }
