//go:build kafka

package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// interceptor stands between sidecars and services. For each service it intercepts the first event
// that has an effect. The service handles the event, but the sidecar never gets the answer.
// Redeliveries of that event are held back too.
type interceptor struct {
	caught map[string]chan handled // by group; each channel takes one event
	done   <-chan struct{}         // closed at the end of the test
}

// handled is an event that the service handled without an answer to the sidecar.
type handled struct {
	id        string
	topic     string
	partition int32
	offset    int64
	err       error
}

func newInterceptor(t *testing.T) *interceptor {
	i := &interceptor{caught: map[string]chan handled{}, done: t.Context().Done()}
	for group := range topics {
		i.caught[group] = make(chan handled, 1)
	}
	return i
}

// front returns a handler in front of a service of a group.
func (i *interceptor) front(group string, service http.Handler) http.Handler {
	var held atomic.Pointer[string] // the event's ID
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var e system.Event
		if r.Method != http.MethodPost || json.Unmarshal(system.Payload(body), &e) != nil || e.Type != "task.completed" && e.Type != "reminder.due" {
			service.ServeHTTP(w, r)
			return
		}
		first := held.CompareAndSwap(nil, &e.ID)
		if id := held.Load(); !first && (id == nil || *id != e.ID) {
			service.ServeHTTP(w, r)
			return
		}
		if first {
			answer := httptest.NewRecorder()
			service.ServeHTTP(answer, r)
			if !strings.Contains(answer.Body.String(), "SUCCESS") { // the sidecar is told to retry
				held.Store(nil)
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
				return
			}
			i.caught[group] <- newHandled(e, r.Header)
		}
		select {
		case <-r.Context().Done(): // the sidecar died or retries
		case <-i.done:
		}
	})
}

// newHandled reads the position of a record from the headers of a sidecar.
func newHandled(e system.Event, header http.Header) handled {
	h := handled{id: e.ID, topic: header.Get("__topic")}
	partition, err := strconv.ParseInt(header.Get("__partition"), 10, 32)
	h.partition = int32(partition)
	if err == nil {
		h.offset, err = strconv.ParseInt(header.Get("__offset"), 10, 64)
	}
	if err != nil {
		h.err = fmt.Errorf("read the position of event %s: %w, from %v", e.ID, err, header)
	}
	return h
}

// TestHandledTwiceWhenKilledBeforeCommit checks that an offset is committed only after its event
// was handled. A sidecar is killed after the service handled an event and before it got the answer.
// The offset has not moved. The other replica handles the event again, with a single effect.
func TestHandledTwiceWhenKilledBeforeCommit(t *testing.T) {
	settled(t, 1, backlogTimeout)
	caught := newInterceptor(t)
	others := addReplicas(t, 2, caught.front)
	settled(t, 2, arrivalTimeout)

	list := newUsers(t, userCount)
	for _, u := range list {
		if err := u.change(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	events := map[string]handled{}
	for group := range topics {
		select {
		case h := <-caught.caught[group]:
			if h.err != nil {
				t.Fatalf("%s: %v", group, h.err)
			}
			events[group] = h
		case <-time.After(arrivalTimeout):
			t.Fatalf("no event reached the replica of %s", group)
		}
	}
	// All other partitions have been committed, so this one would have been too.
	for group, h := range events {
		await(t, arrivalTimeout, func(ctx context.Context) error { return othersCommitted(ctx, group, h) })
		notCommitted(t, group, h)
		others[group].KillSidecar()
		notCommitted(t, group, h)
	}
	// The first delivery had its effect before the second one starts.
	for _, u := range list {
		await(t, backlogTimeout, u.check)
	}

	settled(t, 1, takeover(t))
	for group, h := range events {
		await(t, arrivalTimeout, func(ctx context.Context) error {
			committed, err := shared.cluster.committed(ctx, group, h.topic)
			if err == nil && committed[h.partition] <= h.offset {
				err = fmt.Errorf("%s has committed %d, which is not beyond %d", group, committed[h.partition], h.offset)
			}
			return err
		})
		t.Logf("%s: event %s at %d of partition %d was handled twice", group, h.id, h.offset, h.partition)
	}
	checkEffects(t, list)
}

func notCommitted(t *testing.T, group string, h handled) {
	t.Helper()
	committed, err := shared.cluster.committed(t.Context(), group, h.topic)
	if err != nil {
		t.Fatal(err)
	}
	if got := committed[h.partition]; got > h.offset {
		t.Fatalf("%s has committed %d, beyond %d, although its sidecar got no answer", group, got, h.offset)
	}
}

// othersCommitted returns an error until all other partitions have been committed to their end.
func othersCommitted(ctx context.Context, group string, h handled) error {
	ends, err := shared.cluster.ends(ctx, h.topic)
	if err != nil {
		return err
	}
	committed, err := shared.cluster.committed(ctx, group, h.topic)
	if err != nil {
		return err
	}
	for partition, end := range ends {
		if partition != h.partition && committed[partition] < end {
			return fmt.Errorf("%s has committed %d of %d in partition %d", group, committed[partition], end, partition)
		}
	}
	return nil
}
