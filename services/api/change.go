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

// answer is a response before it is written, so that it can be stored in the transaction that earned it.
type answer struct {
	Status int
	Header map[string]string
	// Body becomes JSON; nil is no body.
	Body any
	// Secret says that the body holds what must not be stored in the clear.
	Secret bool
}

// change runs do in a transaction and writes its answer once that has committed. A POST with an Idempotency-Key is done
// once: the same key with the same body is answered as before, with another body it is a conflict. body is the request's.
func (a *api) change(w http.ResponseWriter, r *http.Request, c caller, body []byte,
	do func(ctx context.Context, tx pgx.Tx) (answer, error)) error {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	return a.changeWithin(ctx, w, r, c, body, do)
}

// changeWithin is change with the time that ctx leaves.
func (a *api) changeWithin(ctx context.Context, w http.ResponseWriter, r *http.Request, c caller, body []byte,
	do func(ctx context.Context, tx pgx.Tx) (answer, error)) error {
	key, err := newIdempotencyKey(r, c, body)
	if err != nil {
		return err
	}

	var out rawAnswer
	err = a.db.InTx(ctx, func(tx pgx.Tx) error {
		if key != nil {
			stored, found, err := key.find(ctx, tx, a.now())
			if found || err != nil {
				out = stored
				return err
			}
		}
		made, err := do(ctx, tx)
		if err != nil {
			return err
		}
		if out, err = made.encode(); err != nil {
			return err
		}
		if key != nil {
			return key.store(ctx, tx, out, made.Secret)
		}
		return nil
	})
	if key != nil && task.ErrorCode(err) == task.CodeOutcomeUnknown {
		return errors.Join(errRepeatWithKey, err)
	}
	if err != nil {
		return err
	}
	a.wake(c.UserID)
	out.write(w)
	return nil
}

var errRepeatWithKey = task.Errorf(task.CodeOutcomeUnknown,
	"the database did not confirm the change, so whether it was saved is unknown: send it again with the same Idempotency-Key, and it is done once")

// rawAnswer is an answer as it goes over the wire.
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
	_, _ = w.Write(o.Body) // the caller may be gone; what was done stays done
}

// taskAnswer answers with a task and its ETag. Should a restore end the epoch before the answer is
// written, the ETag matches nothing, and the client reads the task again.
func taskAnswer(status int, t task.Task, epoch string) answer {
	return answer{Status: status, Header: map[string]string{"ETag": etag(t, epoch)}, Body: t}
}
