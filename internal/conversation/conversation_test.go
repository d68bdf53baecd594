package conversation_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/conversation"
	"taskmaster/internal/sidecar"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func newStore(state *sidecar.Fake) *conversation.Store {
	return conversation.New(state, func() time.Time { return start })
}

func add(t *testing.T, s *conversation.Store, id, turn, said string) {
	t.Helper()
	if err := s.Add(t.Context(), "ada", id, true, apiv1.ConversationTurn{ID: turn, At: start, Said: said, Text: "yes"}); err != nil {
		t.Fatal(err)
	}
}

// TestBounds shows that old conversations and turns make room, and that nothing is left of them.
func TestBounds(t *testing.T) {
	t.Parallel()
	state := new(sidecar.Fake)
	s := newStore(state)
	for n := range conversation.MaxConversations + 5 {
		add(t, s, fmt.Sprint("c", n), "1", "hello")
	}
	for n := range conversation.MaxTurns + 5 {
		add(t, s, "c34", fmt.Sprint(n+2), strings.Repeat("long ", 100))
	}
	list, err := s.List(t.Context(), "ada")
	if err != nil || len(list) != conversation.MaxConversations || list[0].ID != "c34" || list[0].Title != "hello" {
		t.Errorf("got %d conversations, %v, the first %+v; want %d", len(list), err, list[0], conversation.MaxConversations)
	}
	if keys := state.Keys(); len(keys) != conversation.MaxConversations+1 {
		t.Errorf("%d keys are stored, want the conversations and the index", len(keys))
	}
	c, err := s.Get(t.Context(), "ada", "c34")
	if err != nil || len(c.Turns) != conversation.MaxTurns || c.Turns[0].ID != "7" {
		t.Errorf("got %d turns, %v, want the last %d", len(c.Turns), err, conversation.MaxTurns)
	}
}

// TestLargeTurn shows that a turn takes a bounded number of bytes.
func TestLargeTurn(t *testing.T) {
	t.Parallel()
	state := new(sidecar.Fake)
	s := newStore(state)
	turn := apiv1.ConversationTurn{ID: "1", At: start, Said: strings.Repeat("<", 500), Text: strings.Repeat("\u2028 ", 5000)}
	for n := range 500 {
		turn.Tasks = append(turn.Tasks, apiv1.ConversationTask{ID: fmt.Sprint(n), Title: strings.Repeat("<", 100)})
	}
	if err := s.Add(t.Context(), "ada", "c", true, turn); err != nil {
		t.Fatal(err)
	}
	raw, _, err := state.State(t.Context(), "ada/c")
	if err != nil || len(raw) > conversation.MaxTurn+500 {
		t.Errorf("the conversation takes %d bytes, %v, want about %d", len(raw), err, conversation.MaxTurn)
	}
}

// TestConcurrentTurns adds turns at the same time. None is lost.
func TestConcurrentTurns(t *testing.T) {
	t.Parallel()
	state := new(sidecar.Fake)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			s := newStore(state)
			if err := s.Begin(t.Context(), "ada", "", 100); err != nil {
				t.Error(err)
			}
			if err := s.Add(t.Context(), "ada", "c", true, apiv1.ConversationTurn{ID: fmt.Sprint(n)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c, err := newStore(state).Get(t.Context(), "ada", "c")
	if err != nil || len(c.Turns) != 4 {
		t.Errorf("got %+v, %v, want 4 turns", c.Turns, err)
	}
	if err := newStore(state).Begin(t.Context(), "ada", "", 4); !errors.Is(err, conversation.ErrLimit) {
		t.Errorf("got %v, want 4 turns counted", err)
	}
}

// TestDeletedMeanwhile shows that the end of a turn does not bring a deleted conversation back, and that another
// account's is not found.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	state := new(sidecar.Fake)
	s := newStore(state)
	add(t, s, "c", "1", "hello")
	if _, err := s.Get(t.Context(), "bob", "c"); !errors.Is(err, conversation.ErrNotFound) {
		t.Errorf("another account: got %v, want ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), "ada", "c"); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(t.Context(), "ada", "c", false, apiv1.ConversationTurn{ID: "2"}); !errors.Is(err, conversation.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if keys := state.Keys(); len(keys) != 1 {
		t.Errorf("the keys %q are stored, want the index", keys)
	}
}
