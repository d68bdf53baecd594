package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

func (s *service) createTask(w http.ResponseWriter, r *http.Request, c caller) error {
	var fields taskFields
	body, err := s.decode(w, r, &fields)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lockUser(ctx, tx, c.UserID, s.instant(), s.quota())
		if err != nil {
			return answer{}, err
		}
		t := task.Task{TimeZone: u.user.TimeZone}
		if err := fields.apply(&t); err != nil {
			return answer{}, err
		}
		if t.Reminders == nil {
			t.Reminders = u.user.DefaultReminders().Of(t.DueOn != nil)
		}
		if t, err = newTask(t, u.now); err != nil {
			return answer{}, err
		}
		if err := u.admitTasks(changedCopies, t); err != nil {
			return answer{}, err
		}
		t, _, err = u.insertTask(ctx, t)
		if err != nil {
			return answer{}, err
		}
		out := taskAnswer(http.StatusCreated, t, c.Epoch)
		out.Header["Location"] = "/api/v1/tasks/" + t.ID.String()
		return out, nil
	})
}

func (s *service) getTask(w http.ResponseWriter, r *http.Request, c caller) error {
	t, err := readItem(s, r, c, postgres.TaskByID)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", task.ETag(t.Version(c.Epoch)))
	if server.NoneMatch(r, task.ETag(t.Version(c.Epoch))) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return server.Encode(w, http.StatusOK, t)
}

// maxWords is the number of words of a search. Each is looked for in all tasks.
const maxWords = 10

func (s *service) listTasks(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "status", "tag", "priority", "due_after", "due_before", "q", "recurring", "order", "fields", "cursor", "limit")
	limit := q.limit()
	byCompletion := q.oneOf("order", "due", "due", "completed") == "completed"
	filter := postgres.TaskFilter{
		Status:   q.oneOf("status", "all", "open", "done", "all"),
		Tag:      q.text("tag"),
		Priority: task.Priority(q.oneOf("priority", "", "none", "low", "medium", "high")),
		DueAfter: q.instant("due_after"), DueBefore: q.instant("due_before"),
		Query: q.text("q"), Recurring: q.oneOf("recurring", "", "true") == "true", ByCompletion: byCompletion,
		Excerpt: q.oneOf("fields", "all", "all", "excerpt") == "excerpt",
		Limit:   limit,
	}
	if words := len(strings.Fields(filter.Query)); words > maxWords {
		q.fail("q", fmt.Sprintf("has %d words, and %d are allowed", words, maxWords))
	}
	var after postgres.TaskPosition
	if q.cursor(&after) {
		filter.After = &after
		if byCompletion != (after.CompletedAt != nil) {
			q.fail("cursor", "is one of a list in another order")
		}
	}
	if err := q.err(); err != nil {
		return err
	}
	var tasks []task.Task
	var more bool
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		tasks, more, err = postgres.ListTasks(ctx, tx, c.UserID, filter)
		return err
	})
	if err != nil {
		return err
	}
	p, err := pageOf(tasks, more, func(t task.Task) any {
		if byCompletion {
			return postgres.TaskPosition{CompletedAt: t.CompletedAt, ID: t.ID}
		}
		position := postgres.TaskPosition{ID: t.ID}
		if due, ok := t.Due(); ok {
			position.DueAt = &due
		}
		return position
	})
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, p)
}

func (s *service) patchTask(w http.ResponseWriter, r *http.Request, c caller) error {
	var fields taskFields
	body, err := s.decode(w, r, &fields)
	if err != nil {
		return err
	}
	return s.editTask(w, r, c, body, fields.apply)
}

func (s *service) completeTask(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.editWithoutBody(w, r, c, func(t *task.Task) error { t.Completed = true; return nil })
}

func (s *service) reopenTask(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.editWithoutBody(w, r, c, func(t *task.Task) error { t.Completed = false; return nil })
}

func (s *service) snoozeTask(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.Snooze
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	if (in.Minutes == 0) == (in.Until == nil) {
		return task.Invalid("minutes", "or until is required, and only one of them")
	}
	return s.editTask(w, r, c, body, func(t *task.Task) error {
		now := s.now()
		until := now.Add(time.Duration(in.Minutes) * time.Minute)
		if in.Until != nil {
			until = *in.Until
		}
		if !until.After(now) {
			return task.Invalid("until", "is not in the future")
		}
		if t.Completed {
			return task.Errorf(task.CodeConflict, "the task is completed")
		}
		t.SnoozedUntil = &until
		return nil
	})
}

func (s *service) skipTask(w http.ResponseWriter, r *http.Request, c caller) error {
	body, err := s.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return s.changeTask(w, r, c, body, func(ctx context.Context, u *userTx, id uuid.UUID) (task.Task, error) {
		return u.skipOccurrence(ctx, id, r.Header.Values("If-Match"))
	})
}

func (s *service) deleteTask(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lockUser(ctx, tx, c.UserID, s.instant(), s.quota())
		if err != nil {
			return answer{}, err
		}
		return answer{Status: http.StatusNoContent}, u.removeTask(ctx, id, r.Header.Values("If-Match"))
	})
}

func (s *service) editWithoutBody(w http.ResponseWriter, r *http.Request, c caller, edit func(*task.Task) error) error {
	body, err := s.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return s.editTask(w, r, c, body, edit)
}

func (s *service) editTask(w http.ResponseWriter, r *http.Request, c caller, body []byte, edit func(*task.Task) error) error {
	return s.changeTask(w, r, c, body, func(ctx context.Context, u *userTx, id uuid.UUID) (task.Task, error) {
		return u.updateTask(ctx, id, r.Header.Values("If-Match"), edit)
	})
}

// changeTask changes the task with the {id} of a route, and answers with its new state. A caller who
// may not read tasks gets no state.
func (s *service) changeTask(w http.ResponseWriter, r *http.Request, c caller, body []byte,
	change func(ctx context.Context, u *userTx, id uuid.UUID) (task.Task, error)) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		u, err := lockUser(ctx, tx, c.UserID, s.instant(), s.quota())
		if err != nil {
			return answer{}, err
		}
		t, err := change(ctx, u, id)
		if err != nil {
			return answer{}, err
		}
		out := taskAnswer(http.StatusOK, t, c.Epoch)
		if !c.Can(scopeRead) {
			out.Status, out.Body = http.StatusNoContent, nil
		}
		return out, nil
	})
}

// readItem reads the caller's item with the {id} of a route.
func readItem[T any](s *service, r *http.Request, c caller, read func(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (T, error)) (item T, err error) {
	id, err := pathID(r)
	if err != nil {
		return item, err
	}
	err = s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		item, err = read(ctx, tx, c.UserID, id)
		return err
	})
	return item, err
}

// pathID reads the {id} of a route. It returns code not_found for text that is not a UUID.
func pathID(r *http.Request) (uuid.UUID, error) {
	id, err := task.ParseID(r.PathValue("id"))
	if err != nil {
		return uuid.Nil, task.Errorf(task.CodeNotFound, "%q is not the id of anything here", r.PathValue("id"))
	}
	return id, nil
}
