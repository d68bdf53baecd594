package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	"taskmaster/tests/system"
)

// Worker is a person who keeps changing tasks. It repeats requests that fail because a part of the
// system is down, as a good client does. Creations carry an Idempotency-Key, and the other changes
// have the same effect once or twice.
type Worker struct {
	Person *system.Person
	// Think is the average pause between changes.
	Think time.Duration

	random  *mathrand.Rand
	open    []system.Task // plain tasks that can be changed
	series  []system.Task // completed occurrences
	changes []change
	// reminded holds the tasks with a reminder, by id. They are not changed. If the reminder was
	// due before its task was created, a notification may or may not come.
	reminded map[string]reminder
	retries  int
	// lastRefusal is the reason of the last retry.
	lastRefusal error
	done        atomic.Int64
}

type reminder struct {
	at    time.Time
	maybe bool
}

// change is a change that was answered.
type change struct {
	kind, task string
	revision   int64 // 0 if the answer had none
}

type fields = map[string]any

// NewWorker returns a worker that draws its choices from the seed.
func NewWorker(p *system.Person, seed uint64, think time.Duration) *Worker {
	return &Worker{Person: p, Think: think, random: mathrand.New(mathrand.NewPCG(seed, seed)), reminded: map[string]reminder{}}
}

// Done returns the number of finished steps. It may be called at any time.
func (w *Worker) Done() int64 { return w.done.Load() }

// Changes returns the number of answered changes. Call it, and Retries, after Run has returned.
func (w *Worker) Changes() int { return len(w.changes) }

// Retries returns the number of repeated requests.
func (w *Worker) Retries() int { return w.retries }

// LastRefusal returns the reason of the last repeated request, with the time of day. It is nil if no
// request was repeated. Call it after Run has returned.
func (w *Worker) LastRefusal() error { return w.lastRefusal }

// Completed returns the number of completed recurring tasks.
func (w *Worker) Completed() int { return len(w.series) }

// Run changes tasks until stop is closed. It finishes the current change.
func (w *Worker) Run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if err := w.step(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.Person.Email, err)
		}
		w.done.Add(1)
		select {
		case <-time.After(time.Duration(w.random.Int64N(int64(2*w.Think) + 1))):
		case <-stop:
		case <-ctx.Done():
		}
	}
}

func (w *Worker) step(ctx context.Context) error {
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
		return w.ask(ctx, "task.deleted", "DELETE", "/tasks/"+w.take().ID, nil, nil)
	case n == 7:
		at := time.Now().Add(time.Duration(1+w.random.IntN(10)) * time.Second)
		t, err := w.create(ctx, fields{"title": "remind " + rand.Text(), "reminders": []fields{{"at": at}}})
		if err == nil {
			w.reminded[t.ID] = reminder{at: at, maybe: !t.CreatedAt.Before(at)}
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

// take removes and returns the oldest open task, which will not be changed again.
func (w *Worker) take() system.Task {
	t := w.open[0]
	w.open = w.open[1:]
	return t
}

func (w *Worker) create(ctx context.Context, f fields) (t system.Task, err error) {
	err = w.ask(ctx, "task.created", "POST", "/tasks", f, &t, "Idempotency-Key", rand.Text())
	return t, err
}

// ask sends a request until it is answered, and notes the change.
func (w *Worker) ask(ctx context.Context, kind, method, path string, in any, out *system.Task, header ...string) error {
	for try := 0; ; try++ {
		var err error
		if out != nil {
			err = w.Person.Do(ctx, method, path, in, out, header...)
		} else {
			_, err = w.Person.Send(ctx, method, path, in, header...)
		}
		var problem *system.Problem
		refused := errors.As(err, &problem) && problem.Status < 500
		switch {
		case err == nil && out != nil:
			w.changes = append(w.changes, change{kind, out.ID, out.Revision})
			return nil
		case err == nil, refused && problem.Status == 404 && method == "DELETE" && try > 0: // an earlier attempt has deleted it
			w.changes = append(w.changes, change{kind, path[len("/tasks/"):], 0})
			return nil
		case refused || ctx.Err() != nil:
			return err
		}
		w.retries++
		w.lastRefusal = fmt.Errorf("%s %s %s: %w", time.Now().Format(time.TimeOnly), method, path, err)
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
