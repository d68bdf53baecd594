package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

func TestReplay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		since time.Duration
		mine  bool
		want  string
	}{
		{"everybody's", 3 * time.Hour, false, "8 events"},
		{"one person's", 3 * time.Hour, true, "4 events"},
		{"the last hour's", time.Hour, true, "2 events"},
		{"none", time.Second, false, "0 events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t)
			mine, theirs := a.newPerson(t), a.newPerson(t)
			for range 2 {
				mine.newTask(t, object{"title": "mine"})
				theirs.newTask(t, object{"title": "theirs"})
				a.advance(time.Hour)
			}
			a.exec(t, `UPDATE outbox SET published_at = created_at`)
			email := ""
			if c.mine {
				email = mine.Email
			}
			var out bytes.Buffer
			if err := replayEvents(t.Context(), a.db, a.now().Add(-c.since), email, &out); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(out.String(), c.want+" ") {
				t.Errorf("got %q, want %s", out.String(), c.want)
			}
			if n := a.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL AND user_id = $1`, theirs.ID); c.mine && n > 0 {
				t.Errorf("%d of somebody else's events are replayed", n)
			}
			if got, want := types(mine.events(t)), map[string]string{
				"8": "task.created@1 task.changed@1 task.created@2 task.changed@2",
				"4": "task.created@1 task.changed@1 task.created@2 task.changed@2",
				"2": "task.created@2 task.changed@2", "0": "",
			}[c.want[:1]]; got != want {
				t.Errorf("got %q to publish, want %q", got, want)
			}
		})
	}
}

func TestReplayOfNobody(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	err := replayEvents(t.Context(), a.db, a.now().Add(-time.Hour), "nobody@example.com", new(bytes.Buffer))
	if task.ErrorCode(err) != task.CodeNotFound {
		t.Errorf("got %v, want code not_found", err)
	}
}

func TestReplayArguments(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--since is required"},
		{[]string{"--since", "-2h"}, "--since is required"},
		{[]string{"--since", "yesterday"}, "invalid value"},
		{[]string{"--since", "2h", "now"}, `unexpected argument "now"`},
		{[]string{"--since", "2h"}, "DATABASE_URL is required"},
	} {
		if err := replay(t.Context(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("replay %q: got error %v, want %q", c.args, err, c.want)
		}
	}
}
