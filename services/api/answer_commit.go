package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// answer is a response that is not written yet. It can be stored in the transaction that produced
// it.
type answer struct {
	Status int
	Header map[string]string
	// Body is encoded as JSON; nil means no body.
	Body any
	// Repeated is the body for repeated requests, if it differs: a secret is shown once. It must not
	// hold the secret, because it is stored.
	Repeated any
}

// commit runs do in a transaction and writes its answer after the commit. A POST with an
// Idempotency-Key is done once. The same key with the same body gets the same answer without its
// secret, and with another body a conflict. body is the body of the request.
func (s *service) commit(w http.ResponseWriter, r *http.Request, c caller, body []byte,
	do func(ctx context.Context, tx pgx.Tx) (answer, error)) error {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	return s.commitWithin(ctx, w, r, c, body, do)
}

// commitWithin is like commit, but ctx sets the deadline.
func (s *service) commitWithin(ctx context.Context, w http.ResponseWriter, r *http.Request, c caller, body []byte,
	do func(ctx context.Context, tx pgx.Tx) (answer, error)) error {
	key, err := newIdempotencyKey(r, c, body)
	if err != nil {
		return err
	}

	var out rawAnswer
	err = s.db.InTx(ctx, func(tx pgx.Tx) error {
		if key != nil {
			stored, found, err := key.find(ctx, tx, s.now())
			if found || err != nil {
				out = stored
				return err
			}
		}
		made, err := do(ctx, tx)
		if err != nil {
			return err
		}
		if out, err = made.encode(); err != nil || key == nil {
			return err
		}
		if made.Repeated != nil {
			made.Body = made.Repeated
		}
		repeated, err := made.encode()
		if err != nil {
			return err
		}
		if err := s.admitAnswer(ctx, tx, c.UserID, repeated); err != nil {
			return err
		}
		return key.store(ctx, tx, repeated)
	})
	if key != nil && task.ErrorCode(err) == task.CodeOutcomeUnknown {
		return errors.Join(errRepeatWithKey, err)
	}
	if err != nil {
		return err
	}
	s.wake(c.UserID)
	out.write(w)
	return nil
}

var errRepeatWithKey = task.Errorf(task.CodeOutcomeUnknown,
	"the database did not confirm the change, and it may or may not be saved: send it again with the same Idempotency-Key, and it is done once")

// rawAnswer is an answer in its encoded form.
type rawAnswer struct {
	Status int
	Header map[string]string
	Body   []byte
}

func (o answer) encode() (rawAnswer, error) {
	raw := rawAnswer{Status: o.Status, Header: maps.Clone(o.Header)}
	if o.Body == nil {
		return raw, nil
	}
	body, err := json.Marshal(o.Body)
	if err != nil {
		return rawAnswer{}, fmt.Errorf("encode answer: %w", err)
	}
	if raw.Header == nil {
		raw.Header = map[string]string{}
	}
	raw.Header["Content-Type"] = "application/json"
	raw.Body = slices.Concat(body, []byte{'\n'})
	return raw, nil
}

func (o rawAnswer) write(w http.ResponseWriter) {
	for name, value := range o.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(o.Status)
	_, _ = w.Write(o.Body) // The caller may have gone away. The change is committed in any case.
}

// taskAnswer returns an answer that holds a task and its ETag. If a restore ends the epoch before
// the answer is written, the ETag matches nothing and the client reads the task again.
func taskAnswer(status int, t task.Task, epoch string) answer {
	return answer{Status: status, Header: map[string]string{"ETag": task.ETag(t.Version(epoch))}, Body: t}
}
