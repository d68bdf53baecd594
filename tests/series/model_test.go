package series

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// world holds two people, the model of their tasks, and the events on their way.
type world struct {
	*fixture
	ctx   context.Context
	owner [2]*owner
	// waiting holds the events that recurring has not received, or will receive again. all holds
	// every event.
	waiting, all []delivery
	completions  map[at]*completion
}

// owner is a person with their tasks, in the order in which the model learnt of them.
type owner struct {
	user
	tasks   []*known
	backups [][]byte
}

// known is a task that exists. last is the latest completion of a recurring task; an imported task
// has none. kept is a follower that stayed when the task was reopened, because its owner had
// changed it.
type known struct {
	task.Task
	last *completion
	kept *uuid.UUID
}

// at identifies a completion.
type at struct {
	userID, taskID uuid.UUID
	revision       int64
}

// completion is one completion of a recurring task, in the model.
type completion struct {
	at
	// stands is false after the task was reopened.
	stands bool
	// next is the task that has to follow, unless the series ends.
	next task.Task
	ends bool
	// follower is the task that follows. Its owner may have deleted it.
	follower *uuid.UUID
}

func newWorld(t *rapid.T, f *fixture) *world {
	w := &world{fixture: f, ctx: t.Context(), completions: map[at]*completion{}}
	for i := range w.owner {
		u, err := f.newUser(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.owner[i] = &owner{user: u}
	}
	return w
}

// find returns the owner's task with an id, or nil.
func (o *owner) find(id uuid.UUID) *known {
	for _, k := range o.tasks {
		if k.ID == id {
			return k
		}
	}
	return nil
}

func (o *owner) remove(id uuid.UUID) {
	o.tasks = slices.DeleteFunc(o.tasks, func(k *known) bool { return k.ID == id })
}

// changed updates the model after a request that changed a task. before is nil for a new task.
func (w *world) changed(t *rapid.T, o *owner, before *known, after task.Task) {
	k := before
	if k == nil {
		k = &known{}
		o.tasks = append(o.tasks, k)
	}
	was := k.Completed
	k.Task = after
	switch {
	case after.Completed && !was:
		w.completed(t, o, k)
	case !after.Completed && was:
		w.reopened(o, k)
	}
}

func (w *world) completed(t *rapid.T, o *owner, k *known) {
	kept := k.kept
	k.last, k.kept = nil, nil
	if k.Recurrence == nil {
		return
	}
	next, goesOn, err := task.NextTask(k.Task, *k.CompletedAt)
	if err != nil {
		t.Fatal(err)
	}
	c := &completion{at: at{o.id, k.ID, k.Revision}, stands: true, next: next, ends: !goesOn}
	if kept != nil && o.find(*kept) != nil {
		c.follower = kept
	}
	k.last, w.completions[c.at] = c, c
}

func (w *world) reopened(o *owner, k *known) {
	c := k.last
	k.last = nil
	if c == nil {
		return
	}
	c.stands = false
	if c.follower == nil {
		return
	}
	follower := o.find(*c.follower)
	switch {
	case follower == nil:
	case follower.UpdatedAt.Equal(follower.CreatedAt):
		o.remove(follower.ID)
	default:
		k.kept = c.follower
	}
}

// take collects the events since the last call.
func (w *world) take(t *rapid.T) {
	events, err := w.published(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		// Events of an earlier check's people may be left. Recurring ignores other types, as its
		// own tests show.
		mine := e.Data.UserID == w.owner[0].id || e.Data.UserID == w.owner[1].id
		if mine && e.Type == event.TaskCompleted {
			w.waiting, w.all = append(w.waiting, e), append(w.all, e)
		}
	}
}

// handled updates the model after recurring has handled an event, and checks the tasks that follow.
func (w *world) handled(t *rapid.T, e delivery) {
	c := w.followable(e)
	for _, o := range w.owner {
		unknown := w.compare(t, o)
		if c == nil || c.userID != o.id {
			if len(unknown) > 0 {
				t.Fatalf("%s of %s at revision %d made %s, which follows nothing", e.Type, e.Data.TaskID, e.Data.Revision, show(unknown))
			}
			continue
		}
		if len(unknown) != 1 {
			t.Fatalf("the completion of %s at revision %d is followed by %s, want one task", c.taskID, c.revision, show(unknown))
		}
		got, want := unknown[0], c.next
		want.Normalize()
		want.ID, want.Revision, want.CreatedAt, want.UpdatedAt = got.ID, got.Revision, got.CreatedAt, got.UpdatedAt
		if show(got) != show(want) {
			t.Fatalf("the completion of %s at revision %d is followed by\n%s\nwant\n%s", c.taskID, c.revision, show(got), show(want))
		}
		c.follower = &got.ID
		o.tasks = append(o.tasks, &known{Task: got})
	}
}

// followable returns the completion that an event has to be followed for, or nil.
func (w *world) followable(e delivery) *completion {
	c := w.completions[at{e.Data.UserID, e.Data.TaskID, e.Data.Revision}]
	if c == nil || !c.stands || c.ends || c.follower != nil {
		return nil
	}
	return c
}

// compare fails unless an owner's tasks match the model. It returns the tasks that the model does
// not know, oldest first.
func (w *world) compare(t *rapid.T, o *owner) (unknown []task.Task) {
	missing := map[uuid.UUID]*known{}
	for _, k := range o.tasks {
		missing[k.ID] = k
	}
	for _, got := range w.list(t, o) {
		k, ok := missing[got.ID]
		if !ok {
			unknown = append(unknown, got)
			continue
		}
		if show(got) != show(k.Task) {
			t.Fatalf("got task\n%s\nwant\n%s", show(got), show(k.Task))
		}
		delete(missing, got.ID)
	}
	for _, k := range missing {
		t.Fatalf("there is no task %s", show(k.Task))
	}
	slices.SortFunc(unknown, func(a, b task.Task) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return unknown
}

func (w *world) list(t *rapid.T, o *owner) (tasks []task.Task) {
	for cursor := ""; ; {
		var list struct {
			Items      []task.Task `json:"items"`
			NextCursor string      `json:"next_cursor"`
		}
		if err := o.do(w.ctx, "GET", "/tasks?limit=200&cursor="+url.QueryEscape(cursor), nil, &list); err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, list.Items...)
		if cursor = list.NextCursor; cursor == "" {
			return tasks
		}
	}
}

// settled fails unless every standing completion is followed or ends its series, and every task is
// in the model.
func (w *world) settled(t *rapid.T) {
	for _, c := range w.completions {
		if c.stands && !c.ends && c.follower == nil {
			t.Fatalf("nothing follows the completion of %s at revision %d", c.taskID, c.revision)
		}
	}
	for _, o := range w.owner {
		if unknown := w.compare(t, o); len(unknown) > 0 {
			t.Fatalf("no completion created %s", show(unknown))
		}
	}
}

// show returns a value as JSON.
func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
