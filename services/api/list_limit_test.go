package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// TestPagesHaveASize lists tasks with the longest notes. A page ends by its size, and the pages
// together are complete.
func TestPagesHaveASize(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const tasks = 40
	notes := strings.Repeat("😀", task.MaxDescription)
	var last task.Task
	for range tasks {
		last = p.newTask(t, object{"title": "x", "description": notes})
	}
	for range 12 {
		p.send(t, "PATCH", taskPath(last.ID), object{"description": "short"}).want(t, 200)
		p.send(t, "PATCH", taskPath(last.ID), object{"description": notes}).want(t, 200)
	}
	// One item more than the limit may be on a page.
	const most = postgres.MaxPageBytes + 4*task.MaxDescription*2 + 64<<10
	for path, want := range map[string]int{
		"/api/v1/tasks?limit=200": tasks, "/api/v1/changes?since=0&limit=200": tasks + 24, taskPath(last.ID, "/history") + "?limit=200": 25,
	} {
		items, pages := 0, 0
		for next, more := path, true; more; pages++ {
			r := p.send(t, "GET", next, nil).want(t, 200)
			if len(r.Body) > most {
				t.Errorf("%s: a page has %d bytes, want at most %d", path, len(r.Body), most)
			}
			page := decoded[struct {
				apiv1.Page[any]
				Resync bool
			}](t, r)
			if page.Resync {
				t.Fatalf("%s: the answer is a resync", next)
			}
			items, more = items+len(page.Items), page.NextCursor != ""
			next = path + "&cursor=" + page.NextCursor
			if strings.Contains(path, "since=") {
				next = "/api/v1/changes?limit=200&since=" + page.NextCursor
			}
		}
		if items != want || pages < 2 {
			t.Errorf("%s: got %d items on %d pages, want %d items on several", path, items, pages, want)
		}
	}
	r := p.send(t, "GET", "/api/v1/tasks?limit=200&fields=excerpt", nil).want(t, 200)
	page := decoded[apiv1.Page[task.Task]](t, r)
	if len(page.Items) != tasks || len(r.Body) > tasks*2000 {
		t.Errorf("got %d tasks in %d bytes, want %d with excerpts", len(page.Items), len(r.Body), tasks)
	}
	for _, x := range page.Items {
		if got := utf8.RuneCountInString(x.Description); got != postgres.ExcerptLength {
			t.Fatalf("an excerpt has %d characters, want %d", got, postgres.ExcerptLength)
		}
	}
}

// TestListsOfAUserWait reads more lists than a user may read at a time. Another user's are not
// affected.
func TestListsOfAUserWait(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p, other := a.newPerson(t), a.newPerson(t)
	for range maxListsOfUser {
		if err := a.lists.Acquire(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan reply, 1)
	go func() { answered <- p.send(t, "GET", "/api/v1/tasks", nil) }()
	other.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
	select {
	case r := <-answered:
		t.Errorf("the list was answered with %d before another one ended", r.Status)
	case <-time.After(100 * time.Millisecond):
	}
	a.lists.Release(p.ID)
	(<-answered).want(t, 200)

	if err := a.lists.Acquire(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r := p.send(t, "GET", "/api/v1/changes", nil, func(r *http.Request) { *r = *r.WithContext(gone) }).wantProblem(t, 503, "unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Error("the refusal has no Retry-After")
	}
}
