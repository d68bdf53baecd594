package peruser

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
)

func TestSemaphore(t *testing.T) {
	t.Parallel()
	s, one, other := New(2), uuid.New(), uuid.New()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, user := range []uuid.UUID{one, one, other} {
		if err := s.Acquire(over, user); err != nil {
			t.Fatalf("%s got no slot: %v", user, err)
		}
	}
	if err := s.Acquire(over, one); !errors.Is(err, context.Canceled) {
		t.Errorf("a third slot of two: got %v, want context.Canceled", err)
	}
	got := make(chan error)
	go func() { got <- s.Acquire(t.Context(), one) }()
	s.Release(one)
	if err := <-got; err != nil {
		t.Errorf("a released slot: %v", err)
	}
	s.Release(one)
	s.Release(one)
	s.Release(other)
	if len(s.users) > 0 {
		t.Errorf("users without slots are kept: %v", s.users)
	}
}
