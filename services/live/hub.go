package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// queueSize is how many messages a socket may be behind before it is closed.
const queueSize = 256

// fullRetryAfter is what a client that finds no place is told to wait.
const fullRetryAfter = 10 * time.Second

// hub hands each user's events to that user's sockets. It never waits for a socket.
type hub struct {
	max, maxPerUser int
	// proven is closed when the broker has brought something.
	proven chan struct{}
	prove  sync.Once

	mu      sync.Mutex
	total   int
	sockets map[uuid.UUID]int
	queues  map[uuid.UUID]map[*queue]struct{}
}

// queue is what waits for one socket. The hub closes it when it overflows.
type queue struct {
	messages chan encoded
}

func newHub(max, maxPerUser int) *hub {
	return &hub{max: max, maxPerUser: maxPerUser, proven: make(chan struct{}), sockets: map[uuid.UUID]int{}, queues: map[uuid.UUID]map[*queue]struct{}{}}
}

// enter takes a place for a socket of a user; leave gives it back. The error is a websocket.CloseError when the user has too
// many sockets, and code unavailable when the process has.
func (h *hub) enter(userID uuid.UUID) (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets[userID] >= h.maxPerUser {
		return nil, errTooMany(h.maxPerUser)
	}
	if h.total >= h.max {
		return nil, task.RetryLater(task.CodeUnavailable, fullRetryAfter, "there are too many live connections, try again shortly")
	}
	h.total++
	h.sockets[userID]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.total--
		if h.sockets[userID]--; h.sockets[userID] == 0 {
			delete(h.sockets, userID)
		}
	}, nil
}

// watch queues a user's events from now on, until stop.
func (h *hub) watch(userID uuid.UUID) (q *queue, stop func()) {
	q = &queue{make(chan encoded, queueSize)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.queues[userID] == nil {
		h.queues[userID] = map[*queue]struct{}{}
	}
	h.queues[userID][q] = struct{}{}
	return q, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.forget(userID, q)
	}
}

func (h *hub) forget(userID uuid.UUID, q *queue) {
	delete(h.queues[userID], q)
	if len(h.queues[userID]) == 0 {
		delete(h.queues, userID)
	}
}

// handle takes an event from the broker. Duplicates and disorder are left to the sockets, which know what they have sent.
func (h *hub) handle(_ context.Context, e event.Event) error {
	h.prove.Do(func() { close(h.proven) })
	if e.Type != event.TaskChanged || !h.watched(e.Data.UserID) {
		return nil
	}
	m, err := encode(e)
	if err != nil {
		return err
	}
	h.send(e.Data.UserID, m)
	return nil
}

// users are those who watch.
func (h *hub) users() []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.queues))
}

func (h *hub) watched(userID uuid.UUID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.queues[userID]) > 0
}

func (h *hub) send(userID uuid.UUID, m encoded) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for q := range h.queues[userID] {
		select {
		case q.messages <- m:
		default: // too slow
			h.forget(userID, q)
			close(q.messages)
		}
	}
}
