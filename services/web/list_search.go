package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"taskmaster/services/web/client"
)

// searchPage shows a query and the tasks it matches.
type searchPage struct {
	list
	Query string
	// Found is the number of matches in words, for screen readers too.
	Found string
	// TooMany reports whether there are more matches than a page can show.
	TooMany bool
}

// search finds words in the titles and notes of all tasks, and tags after a #.
func (s *service) search(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	p := page{Name: "search", Title: "Search"}
	if query == "" {
		p.Body = searchPage{list: list{Empty: empty{"What are you looking for?", "Type words of a title or of notes into the field above, in any order, or a tag such as #home.", "See all tasks", "/all"}, ReadOnly: true}}
		return s.showTo(w, r, rc, http.StatusOK, p)
	}
	show, err := shownRows(r.URL.Query())
	if err != nil {
		return err
	}
	open, moreOpen, err := rc.Tasks(r.Context(), show, url.Values{"status": {"open"}, "q": {query}})
	if client.Refuses(err, "q") {
		p.Body = searchPage{list: list{Empty: empty{"That is too much to look for", "A search has ten words at most.", "See all tasks", "/all"}, ReadOnly: true}}
		return s.showTo(w, r, rc, http.StatusOK, p)
	}
	if err != nil {
		return err
	}
	done, moreDone, err := rc.Tasks(r.Context(), show, url.Values{"order": {"completed"}, "q": {query}})
	if err != nil {
		return err
	}
	l := list{Empty: empty{"Nothing has “" + query + "” in it", "Try fewer or shorter words. Titles and notes are searched, and tags after a #.", "See all tasks", "/all"}, ReadOnly: true}
	if moreOpen+moreDone != "" && show < maxRows {
		l.More = longer(r, show)
	}
	found := searchPage{Query: query, Found: foundWords(len(open), len(done), moreOpen+moreDone != ""), TooMany: moreOpen+moreDone != "" && show == maxRows}
	l.add("Open", false, rc.rows(open))
	l.add("Done", false, rc.rows(done))
	p.Title = "Search: " + query
	found.list = l
	p.Body = found
	return s.showTo(w, r, rc, http.StatusOK, p)
}

// foundWords returns the number of matches in words: "2 open, 1 done". more reports whether there are
// further ones.
func foundWords(open, done int, more bool) string {
	words := fmt.Sprintf("%d open, %d done", open, done)
	if more {
		words += ", and more"
	}
	return words
}
