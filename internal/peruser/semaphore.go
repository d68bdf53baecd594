// Package peruser bounds how much one user holds of something that all share.
package peruser

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
)

// Semaphore gives each user a number of places. Users who hold and want none cost no memory.
type Semaphore struct {
	perUser int
	mu      sync.Mutex
	users   map[uuid.UUID]*places
}

type places struct {
	taken chan struct{}
	// known counts the holders and the waiters.
	known int
}

// New makes a Semaphore with that many places for each user.
func New(perUser int) *Semaphore {
	return &Semaphore{perUser: perUser, users: map[uuid.UUID]*places{}}
}

// Acquire takes one of a user's places, for which it waits until ctx ends. Release gives it back.
func (s *Semaphore) Acquire(ctx context.Context, user uuid.UUID) error {
	s.mu.Lock()
	p := s.users[user]
	if p == nil {
		p = &places{taken: make(chan struct{}, s.perUser)}
		s.users[user] = p
	}
	p.known++
	s.mu.Unlock()

	select {
	case p.taken <- struct{}{}: // a free place is taken even when ctx has ended
		return nil
	default:
	}
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		s.forget(user, p)
		return fmt.Errorf("wait for a place of the user: %w", ctx.Err())
	}
}

// Release gives a place back.
func (s *Semaphore) Release(user uuid.UUID) {
	s.mu.Lock()
	p := s.users[user]
	s.mu.Unlock()
	<-p.taken
	s.forget(user, p)
}

func (s *Semaphore) forget(user uuid.UUID, p *places) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.known--; p.known == 0 {
		delete(s.users, user)
	}
}
