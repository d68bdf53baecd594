package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"taskmaster/tests/system"
)

// trial is one visit to an installation.
type trial struct {
	url    string
	person *system.Person
	socket *system.Socket
	task   system.Task
	// next is the occurrence after the task.
	next system.Task
}

// try does one thing after another, and prints how long each took. What it made it removes, also after an error.
func try(ctx context.Context, url string, out io.Writer) error {
	t := &trial{url: url}
	var err error
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"sign up", t.signUp},
		{"open the page's connection", t.watch},
		{"create a task", t.create},
		{"see it on the page", t.see},
		{"complete it", t.complete},
		{"see its next occurrence", t.recur},
	} {
		began := time.Now()
		if err = step.do(ctx); err != nil {
			err = fmt.Errorf("%s: %w", step.name, err)
			break
		}
		fmt.Fprintf(out, "%s: %v\n", step.name, time.Since(began).Round(time.Millisecond))
	}
	return errors.Join(err, t.clean(ctx))
}

func (t *trial) signUp(ctx context.Context) (err error) {
	t.person, err = system.SignUp(ctx, t.url, system.NewHTTPClient(1))
	return err
}

func (t *trial) watch(ctx context.Context) (err error) {
	t.socket, err = t.person.Watch(ctx, t.url, 0)
	return err
}

func (t *trial) create(ctx context.Context) error {
	return t.person.Do(ctx, "POST", "/tasks", map[string]any{
		"title": "Smoke test", "due_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"recurrence": map[string]any{"rrule": "daily"}, "reminders": []any{},
	}, &t.task)
}

// see waits until the page's connection has told of the task.
func (t *trial) see(ctx context.Context) error { return t.told(ctx, t.task.ID) }

func (t *trial) complete(ctx context.Context) error {
	return t.person.Do(ctx, "POST", "/tasks/"+t.task.ID+"/complete", nil, nil)
}

// recur waits until the next occurrence is there, and the page was told.
func (t *trial) recur(ctx context.Context) error {
	err := system.Poll(ctx, func() error {
		var list system.List
		if err := t.person.Do(ctx, "GET", "/tasks?status=open", nil, &list); err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("%d open tasks, want the next occurrence", len(list.Items))
		}
		t.next = list.Items[0]
		return nil
	})
	if err != nil {
		return err
	}
	return t.told(ctx, t.next.ID)
}

func (t *trial) told(ctx context.Context, id string) error {
	return system.Poll(ctx, func() error {
		for _, m := range t.socket.Inbox.All() {
			if m.Task != nil && m.Task.ID == id {
				return nil
			}
		}
		select {
		case <-t.socket.Done():
			return errors.New("the connection has ended")
		default:
			return fmt.Errorf("task %s has not come", id)
		}
	})
}

// cleanTimeout bounds the removal of what was made.
const cleanTimeout = 30 * time.Second

// clean removes the tasks and ends the session, whether or not ctx has ended.
func (t *trial) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if t.socket != nil {
		t.socket.Close()
	}
	var errs []error
	for _, task := range []system.Task{t.next, t.task} {
		if task.ID != "" {
			errs = append(errs, t.person.Do(ctx, "DELETE", "/tasks/"+task.ID, nil, nil))
		}
	}
	if t.person != nil && t.person.ID != "" {
		errs = append(errs, t.person.Do(ctx, "POST", "/logout", nil, nil))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	return nil
}
