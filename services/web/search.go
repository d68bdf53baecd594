package main

import (
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/task"
)

// searched is what was looked for, and what was found.
type searched struct {
	list
	Query string
}

// search looks for words in the titles and notes of all tasks.
func (w *web) search(rw http.ResponseWriter, r *http.Request, v *visit) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	p := page{Name: "search", Title: "Search"}
	if query == "" {
		p.Body = searched{list: list{Empty: empty{"What are you looking for?", "Type a part of a title or of notes into the field above.", "See all tasks", "/all"}, ReadOnly: true}}
		return w.showTo(rw, r, v, http.StatusOK, p)
	}
	found, more, err := v.tasks(r.Context(), url.Values{"status": {"all"}, "q": {query}})
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
	l.add("Open", false, v.rows(open))
	l.add("Done", false, v.rows(done))
	p.Title = "Search: " + query
	p.Body = searched{l, query}
	return w.showTo(rw, r, v, http.StatusOK, p)
}
