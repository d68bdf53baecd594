package main

import (
	"sync"
	"time"

	"taskmaster/internal/conversation"
)

// turns counts the turns of users in a day at this process. It is used while the state store is away, which
// counts for all replicas.
type turns struct {
	most int
	now  func() time.Time

	mu    sync.Mutex
	day   string
	count map[string]int
}

func newTurns(most int, now func() time.Time) *turns { return &turns{most: most, now: now} }

// take counts a turn of a user. It returns conversation.ErrLimit when the user has had all turns of the day.
func (t *turns) take(user string) error {
	now := t.now().UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	if day := now.Format(time.DateOnly); day != t.day {
		t.day, t.count = day, map[string]int{} // the users of yesterday are forgotten
	}
	if t.count[user] >= t.most {
		return conversation.ErrLimit
	}
	t.count[user]++
	return nil
}
