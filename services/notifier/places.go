package main

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// placeWait is how long an attempt waits for one of its user's places. It is enough for receivers that answer promptly,
// and too little for slow ones to hold up the rest.
const placeWait = 100 * time.Millisecond

// places bounds how many attempts of one user are made at once, so that one whose receivers are slow does not take the
// whole queue.
type places struct {
	perUser int
	mu      sync.Mutex
	users   map[uuid.UUID]*userPlaces
}

type userPlaces struct {
	taken chan struct{}
	// known counts who holds or waits for a place.
	known int
}

func newPlaces(perUser int) *places {
	return &places{perUser: perUser, users: map[uuid.UUID]*userPlaces{}}
}

// take takes a place, which leave gives back, and returns false when none gets free soon.
func (p *places) take(ctx context.Context, user uuid.UUID) bool {
	p.mu.Lock()
	u := p.users[user]
	if u == nil {
		u = &userPlaces{taken: make(chan struct{}, p.perUser)}
		p.users[user] = u
	}
	u.known++
	p.mu.Unlock()

	select {
	case u.taken <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(placeWait)
	defer timer.Stop()
	select {
	case u.taken <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	p.forget(user, u)
	return false
}

func (p *places) leave(user uuid.UUID) {
	p.mu.Lock()
	u := p.users[user]
	p.mu.Unlock()
	<-u.taken
	p.forget(user, u)
}

func (p *places) forget(user uuid.UUID, u *userPlaces) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u.known--; u.known == 0 {
		delete(p.users, user)
	}
}
