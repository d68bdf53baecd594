package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"taskmaster/tests/system"
)

// account is the output of "api users try". Without an address the test signs up.
type account struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// visitor is a new user of an installation.
type visitor struct {
	url    string
	given  account
	person *system.Person
	socket *system.Socket
	task   system.Task
	// next is the occurrence after the task.
	next system.Task
}

// try executes all steps, and prints the duration of each. It removes its account, even after
// an error.
func try(ctx context.Context, url string, given account, out io.Writer) error {
	v := &visitor{url: url, given: given}
	var err error
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{v.entering(), v.enter},
		{"open the page's connection", v.watch},
		{"create a task", v.create},
		{"see it on the page", v.awaitTask},
		{"complete it", v.complete},
		{"see its next occurrence", v.awaitNext},
	} {
		began := time.Now()
		if err = step.do(ctx); err != nil {
			err = fmt.Errorf("%s: %w", step.name, err)
			break
		}
		fmt.Fprintf(out, "%s: %v\n", step.name, time.Since(began).Round(time.Millisecond))
	}
	return errors.Join(err, v.clean(ctx))
}

// entering returns the name of the first step.
func (v *visitor) entering() string {
	if v.given.Email != "" {
		return "log in"
	}
	return "sign up"
}

func (v *visitor) enter(ctx context.Context) (err error) {
	if v.given.Email != "" {
		v.person, err = system.LogIn(ctx, v.url, system.NewHTTPClient(1), v.given.Email, v.given.Password)
		return err
	}
	v.person, err = system.SignUp(ctx, v.url, system.NewHTTPClient(1))
	return err
}

func (v *visitor) watch(ctx context.Context) (err error) {
	v.socket, err = v.person.Watch(ctx, v.url, 0)
	return err
}

func (v *visitor) create(ctx context.Context) error {
	return v.person.Do(ctx, "POST", "/tasks", map[string]any{
		"title": "Smoke test", "due_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"recurrence": map[string]any{"rrule": "daily"}, "reminders": []any{},
	}, &v.task)
}

// awaitTask waits until the page's connection has received the task.
func (v *visitor) awaitTask(ctx context.Context) error { return v.awaitMessage(ctx, v.task.ID) }

func (v *visitor) complete(ctx context.Context) error {
	return v.person.Do(ctx, "POST", "/tasks/"+v.task.ID+"/complete", nil, nil)
}

// awaitNext waits until the next occurrence exists and the page has received it.
func (v *visitor) awaitNext(ctx context.Context) error {
	err := system.Poll(ctx, func() error {
		var list system.List
		if err := v.person.Do(ctx, "GET", "/tasks?status=open", nil, &list); err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("%d open tasks, want the next occurrence", len(list.Items))
		}
		v.next = list.Items[0]
		return nil
	})
	if err != nil {
		return err
	}
	return v.awaitMessage(ctx, v.next.ID)
}

func (v *visitor) awaitMessage(ctx context.Context, id string) error {
	return system.Poll(ctx, func() error {
		for _, m := range v.socket.Inbox.All() {
			if m.Task != nil && m.Task.ID == id {
				return nil
			}
		}
		select {
		case <-v.socket.Done():
			return errors.New("the connection has ended")
		default:
			return fmt.Errorf("task %s has not arrived", id)
		}
	})
}

// cleanTimeout limits the removal of the account.
const cleanTimeout = 30 * time.Second

// clean removes the account and all its data, even if ctx is cancelled.
func (v *visitor) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if v.socket != nil {
		v.socket.Close()
	}
	if v.person == nil || v.person.ID == "" {
		return nil
	}
	if err := v.person.Do(ctx, "DELETE", "/me", map[string]string{"password": v.person.Password}, nil); err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	return nil
}
