//go:build disk

package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

const (
	// arrival bounds every wait. It is long, because the machine may be busy.
	arrival = 3 * time.Minute
	// longText is the length of a description that does not fit into the free space of a page.
	longText = 6000
	wholeLog = 1 << 30
)

// fixture is a system on a disk of its own, and a person who uses it.
type fixture struct {
	*system.System
	t      *testing.T
	disk   *system.Disk
	person *system.Person
	// saved are the titles of the changes with a successful answer. The answer to the refused ones is
	// "nothing was saved" or "try again". The answer to the unknown ones is outcome_unknown.
	saved, refused []string
	unknown        []change
	sent           int
}

// change adds a task that takes new space on the disk.
type change struct{ title, text string }

func newChange(title string) change {
	// PostgreSQL compresses text that repeats itself.
	var text strings.Builder
	for text.Len() < longText {
		text.WriteString(rand.Text())
	}
	return change{title, text.String()}
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t}
	dir := filepath.Join(t.TempDir(), "system")
	var err error
	if f.disk, err = system.MountDisk(dir); err != nil {
		t.Fatalf("this test needs root on Linux, because it fills a disk of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := f.disk.Unmount(); err != nil {
			t.Error(err)
		}
	})
	// Without Restart, as people run it: after a full disk everything has to come back by itself.
	f.System, err = system.Start(t.Context(), system.Config{
		Dir: dir, Env: map[string]string{"RATE_PER_MINUTE_USER": "0", "RATE_PER_MINUTE_ADDRESS": "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(f.disk.Free(), f.Stop()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			if err := f.KeepLog(""); err != nil {
				t.Error(err)
			}
		}
	})
	if f.person, err = f.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) fill() {
	f.t.Helper()
	if err := f.disk.Fill(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) free() {
	f.t.Helper()
	if err := f.disk.Free(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) until(what string, is func() error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), arrival)
	defer cancel()
	if err := system.Poll(ctx, is); err != nil {
		f.t.Fatalf("wait until %s: %v", what, err)
	}
}

func (f *fixture) create(task map[string]any) (made system.Task) {
	f.t.Helper()
	if err := f.person.Do(f.t.Context(), "POST", "/tasks", task, &made); err != nil {
		f.t.Fatal(err)
	}
	f.saved = append(f.saved, made.Title)
	return made
}

func (f *fixture) complete(task system.Task) {
	f.t.Helper()
	if err := f.person.Do(f.t.Context(), "POST", "/tasks/"+task.ID+"/complete", nil, nil); err != nil {
		f.t.Fatal(err)
	}
}

// send makes a change. A repetition does not make it again.
func (f *fixture) send(c change) error {
	task := map[string]any{"title": c.title, "description": c.text}
	return f.person.Do(f.t.Context(), "POST", "/tasks", task, nil, "Idempotency-Key", c.title)
}

// save makes a change and notes its answer. It returns nil if the change was saved, and otherwise the
// answer.
func (f *fixture) save(when string) *system.Problem {
	f.t.Helper()
	f.sent++
	c := newChange(fmt.Sprintf("change %d, made %s", f.sent, when))
	err := f.send(c)
	if err == nil {
		f.saved = append(f.saved, c.title)
		return nil
	}
	p, answered := errors.AsType[*system.Problem](err)
	switch {
	case !answered:
		f.t.Fatalf("a change was not answered: %v", err)
	case p.Status == http.StatusGatewayTimeout:
		f.unknown = append(f.unknown, c)
	default:
		f.refused = append(f.refused, c.title)
	}
	return p
}

// settle repeats the changes with an unknown outcome.
func (f *fixture) settle() {
	f.t.Helper()
	for _, c := range f.unknown {
		f.until("a change can be repeated", func() error { return f.send(c) })
		f.saved = append(f.saved, c.title)
	}
}

func (f *fixture) mustSave(when string) {
	f.t.Helper()
	if p := f.save(when); p != nil {
		f.t.Fatal(p)
	}
}

// refusals adds tasks until n were refused, and returns their answers.
func (f *fixture) refusals(n int) (refusals []*system.Problem) {
	f.t.Helper()
	for range 100 * n {
		p := f.save("while the disk is full")
		if p == nil {
			continue // it fitted into the existing files
		}
		if refusals = append(refusals, p); len(refusals) == n {
			return refusals
		}
	}
	f.t.Fatalf("the disk is full, and %d changes were refused, want %d", len(refusals), n)
	return nil
}

// recovers waits until a change is saved and the service is ready.
func (f *fixture) recovers() {
	f.t.Helper()
	f.until("a change is saved", func() error {
		select {
		case <-f.Done():
			f.t.Fatalf("the system ended\n%s", f.Tail(20))
		default:
		}
		if p := f.save("when there is room"); p != nil {
			return p
		}
		return nil
	})
	f.until("health is well", func() error {
		if got, want := f.health(), (health{Status: "ready"}); got != want {
			return fmt.Errorf("health is %+v, want %+v", got, want)
		}
		return nil
	})
}

// titles returns the titles of all tasks.
func (f *fixture) titles() (titles []string) {
	f.t.Helper()
	for cursor := ""; ; {
		var list system.List
		if err := f.person.Do(f.t.Context(), "GET", "/tasks?limit=50&cursor="+cursor, nil, &list); err != nil {
			f.t.Fatal(err)
		}
		for _, task := range list.Items {
			titles = append(titles, task.Title)
		}
		if cursor = list.NextCursor; cursor == "" {
			return titles
		}
	}
}

// wantSaved checks that exactly the saved tasks are there.
func (f *fixture) wantSaved() {
	f.t.Helper()
	f.settle()
	got := f.titles()
	for _, title := range f.saved {
		if !slices.Contains(got, title) {
			f.t.Errorf("%q was answered with success, and is lost", title)
		}
	}
	for _, title := range f.refused {
		if slices.Contains(got, title) {
			f.t.Errorf("%q was refused, and is there", title)
		}
	}
	if len(got) != len(f.saved) {
		f.t.Errorf("there are %d tasks, want the %d saved ones", len(got), len(f.saved))
	}
}

func (f *fixture) wantTitle(title string, n int) {
	f.t.Helper()
	f.until(fmt.Sprintf("there are %d tasks %q", n, title), func() error {
		got := 0
		for _, t := range f.titles() {
			if t == title {
				got++
			}
		}
		if got != n {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
}

// wantTold checks that a live connection gets every change once and in order, and a new one too.
func (f *fixture) wantTold() {
	f.t.Helper()
	socket, err := f.person.Watch(f.t.Context(), f.URL, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	defer socket.Close()
	last := f.create(map[string]any{"title": "while somebody watches"}).Revision
	ctx, cancel := context.WithTimeout(f.t.Context(), arrival)
	defer cancel()
	if _, err := socket.Inbox.Wait(ctx, func(m system.Message) bool { return m.Revision == last }); err != nil {
		f.t.Fatalf("the live connection does not get revision %d: %v", last, err)
	}
	if want := int64(len(f.saved)); last != want {
		f.t.Errorf("the last revision is %d, want %d: one for each saved change", last, want)
	}
	for i, m := range socket.Inbox.All() {
		if want := int64(i + 1); m.Revision != want {
			f.t.Fatalf("message %d is of revision %d, want %d", i+1, m.Revision, want)
		}
	}
}

// wantLines checks how many lines of the log have a text.
func (f *fixture) wantLines(text string, want int) {
	f.t.Helper()
	var found []string
	for line := range strings.Lines(f.Tail(wholeLog)) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	if len(found) != want {
		f.t.Errorf("%d lines of the log say %q, want %d:\n%s", len(found), text, want, strings.Join(found, ""))
	}
}
