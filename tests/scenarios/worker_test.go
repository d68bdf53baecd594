package scenarios

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// worker is somebody who goes on changing tasks. Requests that fail because something is down are sent again until they
// are answered, as a good client does: creations under an Idempotency-Key, while the other changes do no harm twice.
type worker struct {
	person  *system.Person
	random  *mathrand.Rand
	open    []system.Task // plain tasks that can be changed
	series  []system.Task // occurrences that were completed
	changes []change
	// reminded are the tasks with a reminder, by id, with the instant. They are left alone.
	reminded map[string]time.Time
	retries  int
	done     atomic.Int64
}

// thinkTime is how long a worker rests between changes, on average.
const thinkTime = 40 * time.Millisecond

// change is one that was answered.
type change struct {
	eventType, taskID string
	revision          int64 // 0 when the answer did not tell
}

func newWorker(p *system.Person, seed uint64) *worker {
	return &worker{person: p, random: mathrand.New(mathrand.NewPCG(seed, seed)), reminded: map[string]time.Time{}}
}

// run changes tasks until stop is closed. The change under way is then still finished.
func (w *worker) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if err := w.step(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.person.Email, err)
		}
		w.done.Add(1)
		select {
		case <-time.After(time.Duration(w.random.IntN(int(2 * thinkTime)))):
		case <-ctx.Done():
		}
	}
}

func (w *worker) step(ctx context.Context) error {
	n := w.random.IntN(10)
	switch {
	case n < 3 || len(w.open) == 0 && n < 7:
		t, err := w.create(ctx, fields{"title": "plain " + rand.Text()})
		w.open = append(w.open, t)
		return err
	case n < 5:
		t := w.open[len(w.open)-1]
		return w.ask(ctx, "task.updated", "PATCH", "/tasks/"+t.ID, fields{"title": "changed " + rand.Text()}, &t)
	case n == 5:
		t := w.take()
		return w.ask(ctx, "task.completed", "POST", "/tasks/"+t.ID+"/complete", nil, &t)
	case n == 6:
		return w.delete(ctx, w.take())
	case n == 7:
		at := time.Now().Add(time.Duration(1+w.random.IntN(10)) * time.Second)
		t, err := w.create(ctx, fields{"title": "remind " + rand.Text(), "reminders": []fields{{"at": at}}})
		// One that was over by the time its task could be made is none.
		if t.CreatedAt.Before(at) {
			w.reminded[t.ID] = at
		}
		return err
	default:
		t, err := w.create(ctx, fields{
			"title": "series " + rand.Text(), "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"},
		})
		if err != nil {
			return err
		}
		w.series = append(w.series, t)
		return w.ask(ctx, "task.completed", "POST", "/tasks/"+t.ID+"/complete", nil, &t)
	}
}

// take returns the oldest open task, which is not to be changed again.
func (w *worker) take() system.Task {
	t := w.open[0]
	w.open = w.open[1:]
	return t
}

func (w *worker) create(ctx context.Context, f fields) (t system.Task, err error) {
	err = w.ask(ctx, "task.created", "POST", "/tasks", f, &t, "Idempotency-Key", rand.Text())
	return t, err
}

func (w *worker) delete(ctx context.Context, t system.Task) error {
	return w.ask(ctx, "task.deleted", "DELETE", "/tasks/"+t.ID, nil, nil)
}

// ask sends a request until it is answered and notes the change.
func (w *worker) ask(ctx context.Context, eventType, method, path string, in any, out *system.Task, header ...string) error {
	for try := 0; ; try++ {
		var err error
		if out != nil {
			err = w.person.Do(ctx, method, path, in, out, header...)
		} else {
			_, err = w.person.Send(ctx, method, path, in, header...)
		}
		var problem *system.Problem
		refused := errors.As(err, &problem) && problem.Status < 500
		switch {
		case err == nil && out != nil:
			w.changes = append(w.changes, change{eventType, out.ID, out.Revision})
			return nil
		case err == nil, refused && problem.Status == 404 && method == "DELETE" && try > 0: // an earlier try has done it
			w.changes = append(w.changes, change{eventType, path[len("/tasks/"):], 0})
			return nil
		case refused || ctx.Err() != nil:
			return err
		}
		w.retries++
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// finalRevision waits until all completed tasks of series have been followed, so that nothing changes any more, and
// returns the user's revision.
func (w *worker) finalRevision(ctx context.Context, t *testing.T) int64 {
	t.Helper()
	var revision int64
	err := system.Poll(ctx, func() error {
		tasks, err := allTasks(t.Context(), w.person)
		if err != nil {
			return err
		}
		if got, want := len(successors(tasks)), len(w.series); got < want {
			return fmt.Errorf("%d of %d completed recurring tasks have been followed", got, want)
		}
		var list struct {
			Revision int64 `json:"revision"`
		}
		err = w.person.Do(t.Context(), "GET", "/changes?limit=1", nil, &list)
		revision = list.Revision
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", w.person.Email, err)
	}
	return revision
}

// allTasks reads every page of a person's tasks.
func allTasks(ctx context.Context, p *system.Person) ([]system.Task, error) {
	var all []system.Task
	for cursor := ""; ; {
		var list system.List
		if err := p.Do(ctx, "GET", "/tasks?limit=200&cursor="+cursor, nil, &list); err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if cursor = list.NextCursor; cursor == "" {
			return all, nil
		}
	}
}

// successors returns, by series, the tasks that are not the first of theirs.
func successors(tasks []system.Task) map[string][]system.Task {
	found := map[string][]system.Task{}
	for _, t := range tasks {
		if t.SeriesID != nil && *t.SeriesID != t.ID {
			found[*t.SeriesID] = append(found[*t.SeriesID], t)
		}
	}
	return found
}
