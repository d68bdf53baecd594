package main

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// maxDeadLetters is the largest number of waiting dead letters. Further ones stay in the topic and
// are delivered again, so that a flood cannot fill the database.
const maxDeadLetters = 10_000

// maxDeadLetterText is the longest stored description of a dead letter, in bytes.
const maxDeadLetterText = 500

// deadLetter stores a message from the dead letter topic, so that an operator can inspect and
// replay it.
func (s *service) deadLetter(ctx context.Context, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d := describeDeadLetter(raw)
	log := s.log.With("id", d.ID, "topic", d.Topic, "type", d.Type, "task_id", d.TaskID, "reason", d.Reason)
	var kept bool
	err := s.db.InTx(ctx, func(tx pgx.Tx) error {
		waiting, err := postgres.CountDeadLetters(ctx, tx, maxDeadLetters)
		if err != nil {
			return err
		}
		if waiting >= maxDeadLetters {
			return task.RetryLater(task.CodeUnavailable, time.Minute, "%d dead letters are waiting: replay or discard them, further ones stay in the topic", waiting)
		}
		kept, err = postgres.KeepDeadLetter(ctx, tx, d, s.now())
		return err
	})
	switch {
	case err != nil:
		return err
	case kept:
		s.deadLetterCount.WithLabelValues(d.Topic).Inc()
		log.ErrorContext(ctx, "dead letter received; api dead-letters shows it")
	default:
		log.InfoContext(ctx, "dead letter of a deleted account dropped")
	}
	return nil
}

// describeDeadLetter describes a message, which may not be an event.
func describeDeadLetter(raw []byte) postgres.DeadLetter {
	e := event.ReadEnvelope(raw)
	d := postgres.DeadLetter{
		ID: e.ID, UserID: e.UserID, Topic: e.Topic, Type: printable(e.Type), TaskID: e.TaskID, Raw: raw,
		Reason: "its consumer refused it, or failed until the retries ended; the consumer's log names the cause",
	}
	if _, err := event.Decode(raw); err != nil {
		d.Reason = printable(err.Error())
	}
	if d.ID == uuid.Nil {
		sum := sha256.Sum256(raw)
		d.ID = uuid.NewSHA1(uuid.Nil, sum[:])
	}
	return d
}

// printable shortens a text from an unknown source. It replaces characters that a terminal or the
// database cannot handle.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > maxDeadLetterText {
		s = strings.ToValidUTF8(s[:maxDeadLetterText], "") + "..."
	}
	return s
}
