package main

import (
	"context"
	"net/http"
	"time"

	"taskmaster/internal/task"
)

// maxListsOfUser is the number of lists that one user reads at a time. The answer of each is in memory
// until the user has received it.
const maxListsOfUser = 4

// listWrite bounds the time in which a user has to receive a list. Otherwise a slow reader would keep
// the list in memory.
const listWrite = 30 * time.Second

// large limits the requests of a user whose answers may be large. Further ones wait.
func (s *service) large(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		if s.lists.Acquire(ctx, c.UserID) != nil {
			return task.RetryLater(task.CodeUnavailable, time.Second, "your account reads %d lists at once, try again shortly", maxListsOfUser)
		}
		defer s.lists.Release(c.UserID)
		// A writer without deadlines, as in tests, needs none.
		connection := http.NewResponseController(w)
		_ = connection.SetWriteDeadline(time.Now().Add(listWrite))
		defer func() { _ = connection.SetWriteDeadline(time.Time{}) }()
		return h(w, r, c)
	}
}
