package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
)

func TestStream(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query string
		// earlier changes are made before the client connects, and later ones after it has read the
		// replay. published are the indexes of the later events in the broker's order.
		earlier, later int
		published      []int
		replayed, want []string
	}{
		"everything is replayed, then streamed": {
			query: "?since=0", earlier: 2, later: 2, published: []int{0, 1},
			replayed: []string{"task.changed 1", "task.changed 2"}, want: []string{"task.changed 3", "task.changed 4"},
		},
		"only the changes after since are replayed": {
			query: "?since=1", earlier: 2, later: 1, published: []int{0},
			replayed: []string{"task.changed 2"}, want: []string{"task.changed 3"},
		},
		"without since it starts now": {
			earlier: 2, later: 1, published: []int{0},
			want: []string{"task.changed 3"},
		},
		"an event that comes again is sent once": {
			query: "?since=1", earlier: 1, later: 3, published: []int{0, 0, 1, 0, 1, 2, 2},
			want: []string{"task.changed 2", "task.changed 3", "task.changed 4"},
		},
		"a gap is filled from the database": {
			query: "?since=0", later: 4, published: []int{0, 3},
			want: []string{"task.changed 1", "task.changed 2", "task.changed 3", "task.changed 4"},
		},
		"disorder is put in order": {
			query: "?since=0", later: 4, published: []int{3, 1, 0, 2},
			want: []string{"task.changed 1", "task.changed 2", "task.changed 3", "task.changed 4"},
		},
		"since beyond the present is a resync": {
			query: "?since=9", earlier: 2, later: 1, published: []int{0},
			replayed: []string{"resync 2"}, want: []string{"task.changed 3"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, live := setup(t, nil)

			p.change(tt.earlier)
			c := dial(t, live, p, tt.query)
			c.want(tt.replayed...)
			events := p.change(tt.later)
			for _, i := range tt.published {
				publish(t, live, events[i])
			}
			c.want(tt.want...)
			// Nothing else comes before the next change.
			publish(t, live, p.change(1)...)
			c.want(fmt.Sprint("task.changed ", tt.earlier+tt.later+1))
		})
	}
}

func TestStreamShowsTheTask(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	c := dial(t, live, p, "?since=0")

	e := p.change(1)[0]
	publish(t, live, e)
	got, err := c.next()
	if err != nil {
		t.Fatal(err)
	}
	if got.Task == nil || got.Task.ID != e.Data.TaskID || got.Task.Title != "change 1" {
		t.Errorf("got task %+v, want %+v", got.Task, e.Data.TaskData)
	}

	publish(t, live, p.changeTo(1, func(e *event.Event) { e.Data.Deleted = true })...)
	c.want("task.deleted 2")
}

func TestReplayOfManyPages(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	const n = 3*pageSize + 1
	p.change(n)
	dial(t, live, p, "?since=0").wantChanges(1, n)
	dial(t, live, p, fmt.Sprint("?since=", pageSize)).wantChanges(pageSize+1, n)
}

func TestRemovedChangesBecomeAResync(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	p.change(3)
	p.forget()

	c := dial(t, live, p, "?since=1")
	c.want("resync 3")
	publish(t, live, p.change(1)...)
	c.want("task.changed 4")

	// The client reloads the changes after the gap too.
	p.change(1)
	dial(t, live, p, "?since=1").want("resync 5")
	dial(t, live, p, "?since=3").want("task.changed 4", "task.changed 5")
}

func TestHoleInTheMiddleIsResync(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	p.change(4)
	p.inTx(func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM outbox WHERE revision = 3`)
		return err
	})
	dial(t, live, p, "?since=0").want("task.changed 1", "task.changed 2", "resync 4")
}

func TestLostBroadcastHeals(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = 100 * time.Millisecond })
	c := dial(t, live, p, "?since=0")
	publish(t, live, p.change(1)...) // the replica stops polling after this event
	c.want("task.changed 1")
	p.change(2)
	c.want("task.changed 2", "task.changed 3")
	p.change(1)
	c.want("task.changed 4")
}

func TestForeignChangesAreNotSeen(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	other := newPerson(t, p.db)
	other.change(2)
	c, theirs := dial(t, live, p, "?since=0"), dial(t, live, other, "?since=0")
	publish(t, live, other.change(1)...)
	publish(t, live, p.change(1)...)
	publish(t, live, other.change(1)...)

	got, err := c.next()
	if err != nil {
		t.Fatal(err)
	}
	if got.Revision != 1 || got.Task.Title != "change 1" {
		t.Errorf("got %d %q, want 1 of the client's own", got.Revision, got.Task.Title)
	}
	theirs.wantChanges(1, 4)
}

func TestTwoInstancesDeliverEverything(t *testing.T) {
	t.Parallel()
	p, first := setup(t, nil)
	second := start(t, p.url, nil)
	clients := []*client{dial(t, first, p, ""), dial(t, first, p, ""), dial(t, second, p, ""), dial(t, second, p, "")}
	const n = 20
	for _, e := range p.change(n) {
		publish(t, first, e)
		publish(t, second, e)
	}
	for _, c := range clients {
		c.wantChanges(1, n)
	}
}

func TestEventsThatAreNotForClients(t *testing.T) {
	t.Parallel()
	_, live := setup(t, nil)
	tests := map[string]struct{ token, body, want string }{
		"not the sidecar": {"guess", `{}`, "403 "},
		"unknown type":    {appToken, `{"id":"018f0000-0000-7000-8000-000000000001","type":"task.changed.v2"}`, `200 {"status":"SUCCESS"}`},
		"no event":        {appToken, `{}`, `200 {"status":"DROP"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := post(t, live, tt.token, []byte(tt.body)); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSlowReaderIsClosed(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	fast, slow := dial(t, live, p, "?since=0"), dial(t, live, p, "?since=0")
	publish(t, live, p.change(1)...)
	fast.want("task.changed 1")
	slow.want("task.changed 1")

	// More data than the queue and the kernel's buffers hold.
	const n = 2 * queueSize
	large := strings.Repeat("x", 60_000)
	events := p.changeTo(n, func(e *event.Event) { e.Data.TaskData.Description = large })
	for i, e := range events {
		publish(t, live, e)
		fast.want(fmt.Sprint("task.changed ", i+2))
	}
	last := int64(1)
	for {
		m, err := slow.next()
		if err != nil {
			break
		}
		if m.Revision != last+1 {
			t.Fatalf("got revision %d after %d", m.Revision, last)
		}
		last = m.Revision
	}
	if last > n {
		t.Fatal("the server waited for the slow reader")
	}
	// It misses nothing after reconnecting.
	dial(t, live, p, fmt.Sprint("?since=", last)).wantChanges(int(last)+1, n+1)
}
