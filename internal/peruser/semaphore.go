// Package peruser limits how much of a shared resource one user holds.
package peruser

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
)

// Semaphore gives each user a number of slots. A user who holds none and waits for none takes no
// memory.
type Semaphore struct {
	perUser int64
	mu      sync.Mutex
	users   map[uuid.UUID]*slots
}

type slots struct {
	*semaphore.Weighted
	// known counts the holders and the waiters.
	known int
}

// New returns a Semaphore with perUser slots for each user.
func New(perUser int) *Semaphore {
	return &Semaphore{perUser: int64(perUser), users: map[uuid.UUID]*slots{}}
}

// Acquire takes one of a user's slots. It waits until one is free or ctx is cancelled. It takes a
// free slot even if ctx is cancelled already. Release returns the slot.
func (s *Semaphore) Acquire(ctx context.Context, user uuid.UUID) error {
	s.mu.Lock()
	u := s.users[user]
	if u == nil {
		u = &slots{Weighted: semaphore.NewWeighted(s.perUser)}
		s.users[user] = u
	}
	u.known++
	s.mu.Unlock()
	if u.TryAcquire(1) {
		return nil
	}
	if err := u.Acquire(ctx, 1); err != nil {
		s.forget(user, u)
		return fmt.Errorf("wait for a slot of the user: %w", err)
	}
	return nil
}

// Release returns a slot.
func (s *Semaphore) Release(user uuid.UUID) {
	s.mu.Lock()
	u := s.users[user]
	s.mu.Unlock()
	u.Release(1)
	s.forget(user, u)
}

func (s *Semaphore) forget(user uuid.UUID, u *slots) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.known--; u.known == 0 {
		delete(s.users, user)
	}
}
