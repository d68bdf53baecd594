package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/idle"
	"taskmaster/internal/task"
)

// queueSize is the maximum number of messages in a socket's queue. A socket that is further behind
// is closed.
const queueSize = 256

// fullRetryAfter is the Retry-After for a client that the full process refuses.
const fullRetryAfter = 10 * time.Second

// hub passes each user's events to the user's sockets. It never waits for a socket.
type hub struct {
	max, maxPerUser int
	// idle is kept awake by events. It may be nil.
	idle *idle.Monitor
	// delivering is closed when the broker has delivered the first event.
	delivering    chan struct{}
	firstDelivery sync.Once
	metrics       *metrics

	mu      sync.Mutex
	total   int
	sockets map[uuid.UUID]int
	queues  map[uuid.UUID]map[*queue]struct{}
}

// queue holds the messages for one socket. The hub closes it when it overflows.
type queue struct {
	messages chan encoded
}

func newHub(max, maxPerUser int, activity *idle.Monitor) *hub {
	h := &hub{max: max, maxPerUser: maxPerUser, idle: activity, delivering: make(chan struct{}), sockets: map[uuid.UUID]int{}, queues: map[uuid.UUID]map[*queue]struct{}{}}
	h.metrics = newMetrics(h)
	return h
}

// admit reserves a slot for a user's socket. The caller must call release. The error is a
// websocket.CloseError if the user has too many sockets, and code unavailable if the process has.
func (h *hub) admit(userID uuid.UUID) (release func(), err error) {
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

// watch queues a user's events from now on until stop is called.
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

// handle processes an event from the broker. It passes on duplicates and disorder, because each
// socket knows its last sent revision.
func (h *hub) handle(_ context.Context, e event.Event) error {
	h.idle.Touch()
	h.firstDelivery.Do(func() { close(h.delivering) })
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

// users returns the users who have sockets.
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
			h.metrics.slow.Inc()
			close(q.messages)
		}
	}
}
