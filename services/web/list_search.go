package main

import (
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/task"
)

// searchPage shows a query and the tasks it matches.
type searchPage struct {
	list
	Query string
}

// search finds words in the titles and notes of all tasks.
func (s *service) search(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	p := page{Name: "search", Title: "Search"}
	if query == "" {
		p.Body = searchPage{list: list{Empty: empty{"What are you looking for?", "Type a part of a title or of notes into the field above.", "See all tasks", "/all"}, ReadOnly: true}}
		return s.showTo(w, r, rc, http.StatusOK, p)
	}
	found, more, err := rc.Tasks(r.Context(), url.Values{"status": {"all"}, "q": {query}})
	if err != nil {
		return err
	}
	var open, done []task.Task
	for _, t := range found {
		if t.Completed {
			done = append(done, t)
		} else {
			open = append(open, t)
		}
	}
	l := list{Empty: empty{"Nothing has “" + query + "” in it", "Try a shorter word: titles and notes are searched, tags are under All.", "See all tasks", "/all"}, ReadOnly: true, More: more}
	l.add("Open", false, rc.rows(open))
	l.add("Done", false, rc.rows(done))
	p.Title = "Search: " + query
	p.Body = searchPage{l, query}
	return s.showTo(w, r, rc, http.StatusOK, p)
}
