// Package conversation keeps the conversations of users with the assistant in Dapr's state store.
//
//	USER/index  the list of the conversations, and the number of turns of the day
//	USER/ID     a conversation with its turns
//
// The State API cannot list keys, so the index does. Every change rewrites the index in the same transaction, with
// the ETag that it read. So replicas that change the same account do it one after the other: the first write
// wins, and the other one reads again.
//
// api reads, counts and deletes the same rows by SQL (migration 0030), for the export, the quota and the end of
// an account.
package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/backoff"
	"taskmaster/internal/sidecar"
)

// The limits of an account. The oldest conversations and turns make room for new ones. An account stores at most
// 6 MiB in conversations.
const (
	MaxConversations = 30
	MaxTurns         = 50
	// MaxTurn is the largest turn in bytes of JSON. A larger one loses its tasks, and then the end of its text.
	MaxTurn = 4 << 10
	// maxTitle is the longest title in characters.
	maxTitle = 60
)

// maxAttempts is how often a change is tried that other changes overtake.
const maxAttempts = 10

// retries spaces these attempts.
var retries = backoff.Policy{Min: 20 * time.Millisecond, Max: 200 * time.Millisecond}

// State is the state store. sidecar.Client is one.
type State interface {
	State(ctx context.Context, key string) (value []byte, etag string, err error)
	ChangeState(ctx context.Context, changes ...sidecar.StateChange) error
}

// The errors that a person can act on.
var (
	// ErrNotFound is the error for a conversation that does not exist or was deleted.
	ErrNotFound = errors.New("there is no such conversation")
	// ErrLimit is the error for a user who has had all turns of the day.
	ErrLimit = errors.New("no turn is left for today")
)

// Store keeps conversations.
type Store struct {
	state State
	now   func() time.Time
}

// New returns the conversations in a state store.
func New(state State, now func() time.Time) *Store { return &Store{state, now} }

// index is the value of a user's first key.
type index struct {
	// Day is the day in UTC to which Turns belongs.
	Day   string `json:"day"`
	Turns int    `json:"turns"`
	// Conversations begin with the one that changed last.
	Conversations []apiv1.ConversationItem `json:"conversations"`
}

func indexKey(user string) string { return user + "/index" }
func key(user, id string) string  { return user + "/" + id }
func (i *index) find(id string) int {
	return slices.IndexFunc(i.Conversations, func(c apiv1.ConversationItem) bool { return c.ID == id })
}

// IDOf returns the id of the conversation that a turn begins. A repeated turn begins no second one.
func IDOf(user, turn string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(user+" "+turn)).String()
}

// List returns the conversations of a user. The one that changed last comes first.
func (s *Store) List(ctx context.Context, user string) ([]apiv1.ConversationItem, error) {
	in, _, err := s.index(ctx, user)
	return in.Conversations, err
}

// Get returns a conversation. It returns ErrNotFound if there is none.
func (s *Store) Get(ctx context.Context, user, id string) (apiv1.Conversation, error) {
	var c apiv1.Conversation
	in, _, err := s.index(ctx, user)
	if err != nil {
		return c, err
	}
	if in.find(id) < 0 {
		return c, ErrNotFound
	}
	err = s.read(ctx, user, id, &c)
	return c, err
}

// Begin counts a turn of the day (UTC). It returns ErrLimit if the user has had all of them, and ErrNotFound if the
// conversation is named and does not exist.
func (s *Store) Begin(ctx context.Context, user, id string, most int) error {
	return s.change(ctx, user, func(in *index) ([]sidecar.StateChange, error) {
		if id != "" && in.find(id) < 0 {
			return nil, ErrNotFound
		}
		now := s.now().UTC()
		if day := now.Format(time.DateOnly); in.Day != day {
			in.Day, in.Turns = day, 0
		}
		if in.Turns >= most {
			return nil, ErrLimit
		}
		in.Turns++
		return nil, nil
	})
}

// Add adds a turn to a conversation. begins reports whether the turn may begin the conversation. Otherwise it returns
// ErrNotFound for one that was deleted meanwhile. A repeated turn takes the place of the first.
func (s *Store) Add(ctx context.Context, user, id string, begins bool, turn apiv1.ConversationTurn) error {
	turn, err := fit(turn)
	if err != nil {
		return err
	}
	return s.change(ctx, user, func(in *index) ([]sidecar.StateChange, error) {
		c := apiv1.Conversation{ConversationItem: apiv1.ConversationItem{ID: id, Title: shorten(turn.Said, maxTitle)}}
		switch at := in.find(id); {
		case at >= 0:
			if err := s.read(ctx, user, id, &c); err != nil {
				return nil, err
			}
			in.Conversations = slices.Delete(in.Conversations, at, at+1)
		case !begins:
			return nil, ErrNotFound
		}
		c.Turns = slices.DeleteFunc(c.Turns, func(t apiv1.ConversationTurn) bool { return t.ID == turn.ID })
		c.Turns = append(c.Turns, turn)
		c.Turns = c.Turns[max(0, len(c.Turns)-MaxTurns):]
		c.UpdatedAt = turn.At
		raw, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("encode conversation: %w", err)
		}
		in.Conversations = slices.Insert(in.Conversations, 0, c.ConversationItem)
		changes := []sidecar.StateChange{{Key: key(user, id), Value: raw}}
		for len(in.Conversations) > MaxConversations {
			last := len(in.Conversations) - 1
			changes = append(changes, sidecar.StateChange{Key: key(user, in.Conversations[last].ID)})
			in.Conversations = in.Conversations[:last]
		}
		return changes, nil
	})
}

// Delete deletes a conversation. It returns ErrNotFound if there is none.
func (s *Store) Delete(ctx context.Context, user, id string) error {
	return s.change(ctx, user, func(in *index) ([]sidecar.StateChange, error) {
		at := in.find(id)
		if at < 0 {
			return nil, ErrNotFound
		}
		in.Conversations = slices.Delete(in.Conversations, at, at+1)
		return []sidecar.StateChange{{Key: key(user, id)}}, nil
	})
}

func (s *Store) index(ctx context.Context, user string) (index, string, error) {
	in := index{Conversations: []apiv1.ConversationItem{}}
	raw, etag, err := s.state.State(ctx, indexKey(user))
	if err != nil || len(raw) == 0 {
		return in, etag, err
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return in, "", fmt.Errorf("read the index of conversations: %w", err)
	}
	return in, etag, nil
}

func (s *Store) read(ctx context.Context, user, id string, c *apiv1.Conversation) error {
	raw, _, err := s.state.State(ctx, key(user, id))
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		return ErrNotFound // deleted since the index was read
	}
	if err := json.Unmarshal(raw, c); err != nil {
		return fmt.Errorf("read conversation: %w", err)
	}
	return nil
}

// change changes the index, and other keys in the same transaction. edit is called again if another change
// was first.
func (s *Store) change(ctx context.Context, user string, edit func(*index) ([]sidecar.StateChange, error)) error {
	for attempt := 1; ; attempt++ {
		in, etag, err := s.index(ctx, user)
		if err != nil {
			return err
		}
		changes, err := edit(&in)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the index of conversations: %w", err)
		}
		// The index comes first: whoever loses waits there and changes nothing else.
		first := sidecar.StateChange{Key: indexKey(user), Value: raw, First: &etag}
		err = s.state.ChangeState(ctx, append([]sidecar.StateChange{first}, changes...)...)
		if err == nil {
			return nil
		}
		_, now, readErr := s.state.State(ctx, indexKey(user))
		if readErr != nil || now == etag || attempt == maxAttempts {
			return errors.Join(err, readErr)
		}
		if err := retries.Wait(ctx, attempt); err != nil { // the others finish first
			return err
		}
	}
}

// fit returns the turn with at most MaxTurn bytes.
func fit(turn apiv1.ConversationTurn) (apiv1.ConversationTurn, error) {
	for {
		raw, err := json.Marshal(turn)
		switch {
		case err != nil:
			return turn, fmt.Errorf("encode turn: %w", err)
		case len(raw) <= MaxTurn:
			return turn, nil
		case len(turn.Tasks) > 0:
			turn.Tasks = turn.Tasks[:len(turn.Tasks)/2]
		default: // a character takes at most 12 bytes of JSON
			turn.Said, turn.Text = shorten(turn.Said, MaxTurn/40), shorten(turn.Text, MaxTurn/40)
		}
	}
}

// shorten returns the first characters of a text.
func shorten(text string, most int) string {
	characters := []rune(strings.Join(strings.Fields(text), " "))
	if len(characters) <= most {
		return string(characters)
	}
	return string(characters[:most-1]) + "…"
}
