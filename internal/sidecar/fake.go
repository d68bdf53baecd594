package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"taskmaster/internal/event"
	"taskmaster/internal/telemetry"
)

// Fake records the calls that a Client would make. Before each call it calls Err, if set, with the
// call's name and subject. The name is "publish", "schedule", "delete", "has", "invoke", "read" or "write". The
// subject is the topic, job, method or key. An error of Err fails the call.
type Fake struct {
	Err func(call, subject string) error

	mu        sync.Mutex
	published []event.Event
	jobs      map[string]time.Time
	invoked   []Invocation
	state     map[string]stateItem
	writes    int
}

// stateItem is a value of the state store.
type stateItem struct {
	value []byte
	etag  string
}

// Invocation is a recorded Invoke.
type Invocation struct {
	AppID, Method string
	Body          json.RawMessage
	// TraceParent names the trace of the call.
	TraceParent string
}

func (f *Fake) fail(call, subject string) error {
	if f.Err == nil {
		return nil
	}
	return f.Err(call, subject)
}

// Publish records an event.
func (f *Fake) Publish(_ context.Context, topic, _ string, cloudEvent []byte) error {
	if err := f.fail("publish", topic); err != nil {
		return err
	}
	e, err := event.Decode(cloudEvent)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published = append(f.published, e)
	return nil
}

// PublishAll records events.
func (f *Fake) PublishAll(ctx context.Context, topic string, messages []event.Message) error {
	for _, m := range messages {
		if err := f.Publish(ctx, topic, m.Key, m.CloudEvent); err != nil {
			return err
		}
	}
	return nil
}

// Published returns the recorded events in order.
func (f *Fake) Published() []event.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.published)
}

// ScheduleJob records a job.
func (f *Fake) ScheduleJob(_ context.Context, name string, at time.Time) error {
	if err := f.fail("schedule", name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = map[string]time.Time{}
	}
	f.jobs[name] = at
	return nil
}

// DeleteJob removes a recorded job.
func (f *Fake) DeleteJob(_ context.Context, name string) error {
	if err := f.fail("delete", name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.jobs, name)
	return nil
}

// HasJob reports whether a job is recorded.
func (f *Fake) HasJob(_ context.Context, name string) (bool, error) {
	if err := f.fail("has", name); err != nil {
		return false, err
	}
	_, ok := f.Job(name)
	return ok, nil
}

// Job returns the instant of a recorded job.
func (f *Fake) Job(name string) (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.jobs[name]
	return at, ok
}

// Invoke records a call.
func (f *Fake) Invoke(ctx context.Context, appID, method string, body any) error {
	if err := f.fail("invoke", method); err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invoked = append(f.invoked, Invocation{appID, method, raw, telemetry.TraceParent(ctx)})
	return nil
}

// Invoked returns the recorded calls in order.
func (f *Fake) Invoked() []Invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.invoked)
}

// State returns a recorded value.
func (f *Fake) State(_ context.Context, key string) (value []byte, etag string, err error) {
	if err := f.fail("read", key); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	item := f.state[key]
	return item.value, item.etag, nil
}

// ChangeState makes all changes or none.
func (f *Fake) ChangeState(_ context.Context, changes ...StateChange) error {
	for _, change := range changes {
		if err := f.fail("write", change.Key); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, change := range changes {
		if change.First != nil && f.state[change.Key].etag != *change.First {
			return errors.New("another write was first")
		}
	}
	if f.state == nil {
		f.state = map[string]stateItem{}
	}
	for _, change := range changes {
		f.writes++
		f.state[change.Key] = stateItem{change.Value, strconv.Itoa(f.writes)}
		if change.Value == nil {
			delete(f.state, change.Key)
		}
	}
	return nil
}

// Keys returns the keys of the recorded values in order.
func (f *Fake) Keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.state))
}
