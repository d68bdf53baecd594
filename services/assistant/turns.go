package main

import (
	"sync"
	"time"

	"taskmaster/internal/task"
)

// turns counts the turns of users in a day.
type turns struct {
	most int
	now  func() time.Time

	mu    sync.Mutex
	day   string
	count map[string]int
}

func newTurns(most int, now func() time.Time) *turns { return &turns{most: most, now: now} }

// take counts a turn of a user. It refuses the turn with code rate_limited when the user has had all turns of the
// day.
func (t *turns) take(user string) error {
	now := t.now().UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	if day := now.Format(time.DateOnly); day != t.day {
		t.day, t.count = day, map[string]int{} // the users of yesterday are forgotten
	}
	if t.count[user] >= t.most {
		tomorrow := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		return task.RetryLater(task.CodeRateLimited, tomorrow.Sub(now), "you have sent %d sentences today, which is the limit", t.most)
	}
	t.count[user]++
	return nil
}
