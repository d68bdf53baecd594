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

// interceptor stands between sidecars and services. Of each service it holds back that the first event was handled which asks
// for something to be done, and keeps that event away however often it comes again: it is handled and the sidecar does not know.
type interceptor struct {
	caught map[string]chan handled // by group; each takes one
	done   <-chan struct{}         // the test is over
}

// handled is an event whose handling a sidecar was not told of.
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

// front is what stands before a service of a group.
func (i *interceptor) front(group string, service http.Handler) http.Handler {
	var held atomic.Pointer[string] // the event's id
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
			if !strings.Contains(answer.Body.String(), "SUCCESS") { // the sidecar is to try again
				held.Store(nil)
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
				return
			}
			i.caught[group] <- newHandled(e, r.Header)
		}
		select {
		case <-r.Context().Done(): // the sidecar is dead, or tries again
		case <-i.done:
		}
	})
}

// newHandled reads from what a sidecar says about a record where it lies.
func newHandled(e system.Event, header http.Header) handled {
	h := handled{id: e.ID, topic: header.Get("__topic")}
	partition, err := strconv.ParseInt(header.Get("__partition"), 10, 32)
	h.partition = int32(partition)
	if err == nil {
		h.offset, err = strconv.ParseInt(header.Get("__offset"), 10, 64)
	}
	if err != nil {
		h.err = fmt.Errorf("where event %s lies: %w, from %v", e.ID, err, header)
	}
	return h
}

// An offset is committed after the event was handled. A sidecar dies when the service has handled an event and before it
// heard so: the offset has not moved, the other replica handles the event again, and it has one effect.
func TestHandledTwiceWhenKilledBeforeCommit(t *testing.T) {
	settled(t, 1, aftermath)
	caught := newInterceptor(t)
	others := addReplicas(t, 2, caught.front)
	settled(t, 2, arrival)

	list := newPeople(t, people)
	for _, b := range list {
		if err := b.change(t.Context()); err != nil {
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
		case <-time.After(arrival):
			t.Fatalf("no event came to the replica of %s", group)
		}
	}
	// All else has been committed, so this one would be as well.
	for group, h := range events {
		await(t, arrival, func(ctx context.Context) error { return othersCommitted(ctx, group, h) })
		notCommitted(t, group, h)
		others[group].KillSidecar()
		notCommitted(t, group, h)
	}
	// The effect of the first time is there before there is a second.
	for _, b := range list {
		await(t, aftermath, b.check)
	}

	settled(t, 1, takeover(t))
	for group, h := range events {
		await(t, arrival, func(ctx context.Context) error {
			committed, err := shared.cluster.committed(ctx, group, h.topic)
			if err == nil && committed[h.partition] <= h.offset {
				err = fmt.Errorf("%s has committed %d, which is not beyond %d", group, committed[h.partition], h.offset)
			}
			return err
		})
		t.Logf("%s: event %s at %d of partition %d was handled twice", group, h.id, h.offset, h.partition)
	}
	checkBooks(t, list)
}

func notCommitted(t *testing.T, group string, h handled) {
	t.Helper()
	committed, err := shared.cluster.committed(t.Context(), group, h.topic)
	if err != nil {
		t.Fatal(err)
	}
	if got := committed[h.partition]; got > h.offset {
		t.Fatalf("%s has committed %d, beyond %d, of which its sidecar did not hear", group, got, h.offset)
	}
}

// othersCommitted returns an error until all partitions but that of the event have been committed to their end.
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
