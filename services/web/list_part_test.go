package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// manyTasks starts web before an API with n open tasks, which have long titles. It also returns the
// calls of GET /tasks.
func manyTasks(t *testing.T, n int) (*env, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var calls []string
	web := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch r.URL.Path {
		case "/api/v1/me":
			me := apiv1.Me{User: apiv1.User{TimeZone: "UTC", Revision: 1}}
			if q.Get("include") == "open_tasks" {
				me.OpenTasks = &apiv1.OpenTasks{All: n, Tags: []apiv1.TagCount{{Tag: "home", Count: n}}}
			}
			_ = json.NewEncoder(w).Encode(me)
		case "/api/v1/tasks":
			mu.Lock()
			calls = append(calls, r.URL.RawQuery)
			mu.Unlock()
			from, _ := strconv.Atoi(q.Get("cursor"))
			limit, _ := strconv.Atoi(q.Get("limit"))
			page := apiv1.Page[task.Task]{Items: []task.Task{}}
			for i := from; i < min(n, from+limit) && !q.Has("recurring"); i++ {
				var done *time.Time
				if q.Get("order") == "completed" {
					done = new(time.Now())
				}
				page.Items = append(page.Items, task.Task{
					Completed: done != nil, CompletedAt: done,
					Title: fmt.Sprintf("task %d: %x", i, strings.Repeat(strconv.Itoa(i), 20)), Priority: "none", TimeZone: "UTC",
					Tags: []string{"home"}, DueAt: new(time.Now().Add(time.Duration(i) * time.Second)),
				})
			}
			if from+limit < n && !q.Has("recurring") {
				page.NextCursor = strconv.Itoa(from + limit)
			}
			_ = json.NewEncoder(w).Encode(page)
		}
	})}})
	return web, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(calls)
	}
}

var titles = regexp.MustCompile(`data-open-task>task (\d+):`)

func shownTasks(body string) (numbers []int) {
	for _, found := range titles.FindAllStringSubmatch(body, -1) {
		n, _ := strconv.Atoi(found[1])
		numbers = append(numbers, n)
	}
	return numbers
}

// TestNoTaskIsLeftOut follows the links of a view with more tasks than a page shows, and sees each of them.
func TestNoTaskIsLeftOut(t *testing.T) {
	t.Parallel()
	const n = 1300
	web, _ := manyTasks(t, n)
	link := regexp.MustCompile(`id="more" href="([^"]+)"`)
	for _, path := range []string{"/today", "/upcoming", "/all", "/done", "/tag/a%2Fb", "/priority/high", "/calendar"} {
		var seen []int
		for at := path; at != ""; {
			got := web.do("GET", at, nil, "Cookie", "taskmaster_session=x")
			if got.status != 200 {
				t.Fatalf("%s: got %d: %s", at, got.status, got.body)
			}
			rows := shownTasks(got.body)
			if len(rows) > maxRows {
				t.Errorf("%s: %d rows, want %d at most", at, len(rows), maxRows)
			}
			seen = append(seen, rows...)
			next := link.FindStringSubmatch(got.body)
			if at = ""; next != nil {
				at = strings.ReplaceAll(next[1], "&amp;", "&")
			}
		}
		slices.Sort(seen)
		if seen = slices.Compact(seen); len(seen) != n {
			t.Errorf("%s: %d of %d tasks can be reached", path, len(seen), n)
		}
	}
}

// TestSearchShowsMore searches for a word that many tasks have.
func TestSearchShowsMore(t *testing.T) {
	t.Parallel()
	web, _ := manyTasks(t, 3000)
	for path, want := range map[string]string{
		"/search?q=task":           `href="/search?q=task&amp;show=300"`,
		"/search?q=task&show=1000": "More tasks match than a page can show",
	} {
		if got := web.do("GET", path, nil, "Cookie", "taskmaster_session=x"); !strings.Contains(got.body, want) {
			t.Errorf("%s: the page lacks %q", path, want)
		}
	}
}

// TestViewIsSmall bounds the calls and the bytes of the first page of a view with 3,000 tasks.
func TestViewIsSmall(t *testing.T) {
	t.Parallel()
	web, calls := manyTasks(t, 3000)
	before := 0
	for path, want := range map[string]int{"/today": 1, "/upcoming": 1, "/all": 1, "/done": 1, "/priority/high": 1, "/calendar": 12} {
		got := web.do("GET", path, nil, "Cookie", "taskmaster_session=x", "Accept-Encoding", "gzip")
		if got.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: is not compressed", path)
		}
		if most := 40 << 10; len(got.body) > most {
			t.Errorf("%s: %d bytes, want %d at most", path, len(got.body), most)
		}
		body, err := gzip.NewReader(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(body)
		if rows := len(shownTasks(string(whole))); rows != firstRows {
			t.Errorf("%s: %d rows, want %d (%v)", path, rows, firstRows, err)
		}
		if !strings.Contains(string(whole), `3000<span class="unseen"> open`) {
			t.Errorf("%s: the navigation does not count all tasks", path)
		}
		all := calls()
		if made := len(all) - before; made != want {
			t.Errorf("%s: %d calls of GET /tasks, want %d: %q", path, made, want, all[before:])
		}
		before = len(all)
	}
}

// TestNoGuessIsCompressed shows that an answer with a text of its address is never compressed. Its
// length would tell whether a task has the same text.
func TestNoGuessIsCompressed(t *testing.T) {
	t.Parallel()
	web, _ := manyTasks(t, 200)
	for _, path := range []string{
		"/today?x=guess", "/today?show=100&show=guess", "/calendar?day=2026-11-26&month=guess", "/all?from=10", "/tag/guess", "/search?q=task", "/settings/account",
	} {
		if got := web.do("GET", path, nil, "Cookie", "taskmaster_session=x", "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: is compressed", path)
		}
	}
}

// TestBadNumberOfRows asks for a number of rows that no view has.
func TestBadNumberOfRows(t *testing.T) {
	t.Parallel()
	web, _ := manyTasks(t, 1)
	for _, show := range []string{"0", "1001", "many"} {
		got := web.do("GET", "/all?show="+show, nil, "Cookie", "taskmaster_session=x")
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "is not a number of rows between 1 and 1000") {
			t.Errorf("show=%s: got %d: %s", show, got.status, got.body)
		}
	}
}

// TestCrowdedDay shows a month with many tasks on one day: the cell has a few of them, and leads to all.
func TestCrowdedDay(t *testing.T) {
	t.Parallel()
	web, _ := manyTasks(t, 40)
	got := web.do("GET", "/calendar", nil, "Cookie", "taskmaster_session=x")
	if !regexp.MustCompile(`class="will further"><a href="/calendar\?month=[0-9-]+&amp;day=[0-9-]+">\d+ more</a>`).MatchString(got.body) {
		t.Errorf("no cell leads to further tasks: %s", got.body)
	}
	if cells := strings.Count(got.body, "<b>task "); cells > 2*maxInCell {
		t.Errorf("the cells show %d tasks", cells)
	}
}
