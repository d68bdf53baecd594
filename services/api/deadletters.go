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

// maxDeadLetters is how many dead letters may wait for somebody to look at them. Further ones stay in the topic, and come
// again.
const maxDeadLetters = 10_000

// maxDeadLetterText is the longest text of a dead letter that is kept beside its bytes, in bytes.
const maxDeadLetterText = 500

// deadLetter keeps what the sidecars sent to the dead letter topic, for an operator to look at and to replay.
func (a *api) deadLetter(ctx context.Context, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d := describeDeadLetter(raw)
	log := a.log.With("id", d.ID, "topic", d.Topic, "type", d.Type, "task_id", d.TaskID, "reason", d.Reason)
	var kept bool
	err := a.db.InTx(ctx, func(tx pgx.Tx) error {
		waiting, err := postgres.CountDeadLetters(ctx, tx, maxDeadLetters)
		if err != nil {
			return err
		}
		if waiting >= maxDeadLetters {
			return task.RetryLater(task.CodeUnavailable, time.Minute, "%d dead letters wait: replay or discard them, further ones stay in the topic", waiting)
		}
		kept, err = postgres.KeepDeadLetter(ctx, tx, d, a.now())
		return err
	})
	switch {
	case err != nil:
		return err
	case kept:
		a.deadLetters.WithLabelValues(d.Topic).Inc()
		log.ErrorContext(ctx, "dead letter: no consumer could handle this event; api dead-letters shows it")
	default:
		log.InfoContext(ctx, "dead letter of a user who does not exist, it is not kept")
	}
	return nil
}

// describeDeadLetter says what is known of an event that may be none.
func describeDeadLetter(raw []byte) postgres.DeadLetter {
	e := event.ReadEnvelope(raw)
	d := postgres.DeadLetter{
		ID: e.ID, UserID: e.UserID, Topic: e.Topic, Type: printable(e.Type), TaskID: e.TaskID, Raw: raw,
		Reason: "its consumer refused it, or failed for as long as it is retried; the consumer's log says why",
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

// printable shortens a text that anybody may have written, and takes out what a terminal or the database would trip over.
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
