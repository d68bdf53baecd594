package sidecar

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Applied checks that a sidecar has loaded the objects of its own installation.
//
// Helm creates the pods before the components and the subscriptions, because it does not know these kinds.
// A sidecar reads them only when it starts. A fast sidecar then has the components of the installation before.
// After a change of the broker it would publish to the old one for as long as it runs, and nobody would read
// it there. After the first installation it would have none.
type Applied struct {
	components []string
	topics     []string
	base       string
	token      string
	client     http.Client
	log        *slog.Logger

	mu      sync.Mutex
	done    bool
	stopped time.Time // the last stop of the sidecar
}

const (
	// appliedPoll is the pause between two checks of a sidecar that is away or lacks objects.
	appliedPoll = time.Second
	// stopPause is the least time between two stops of a sidecar. It takes ten seconds to stop.
	stopPause = 30 * time.Second
)

// NewApplied returns the check of the sidecar with an HTTP port of this machine. components are the names
// of the components that it must have, and topics those that it must subscribe to. Without components
// nothing is checked: outside of a cluster, the files are there before the sidecar.
func NewApplied(httpPort int, token string, log *slog.Logger, components []string, topics ...string) *Applied {
	return &Applied{
		components: components, topics: topics, base: "http://127.0.0.1:" + strconv.Itoa(httpPort), token: token, log: log,
		done: len(components) == 0,
	}
}

// Check returns an error if the sidecar runs and lacks a component or a subscription. It then stops the
// sidecar, and the kubelet starts it again. It returns nil for a sidecar that is away or still starting. Once a
// sidecar had everything, Check asks no more, because the next one finds everything at its start. A nil
// Applied checks nothing.
func (a *Applied) Check(ctx context.Context) error {
	_, err := a.check(ctx)
	return err
}

// upTimeout bounds the question whether the sidecar is up. It is a part of the time of a readiness probe.
const upTimeout = 500 * time.Millisecond

// Up returns an error if the sidecar does not answer or is not ready.
func (a *Applied) Up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	return a.ask(ctx, http.MethodGet, "/v1.0/healthz/outbound", nil)
}

// Await returns when the sidecar has everything, or when ctx is cancelled.
func (a *Applied) Await(ctx context.Context) {
	for slow := time.Now().Add(stopPause); ; {
		known, err := a.check(ctx)
		if known && err == nil {
			return
		}
		if time.Now().After(slow) {
			a.log.WarnContext(ctx, "the sidecar is not ready: events wait", "error", err)
			slow = slow.Add(time.Hour)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(appliedPoll):
		}
	}
}

// check asks the sidecar. known is false if it does not answer. The error names a missing object.
func (a *Applied) check(ctx context.Context) (known bool, err error) {
	if a == nil {
		return true, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	// It is ready after it has loaded everything.
	if a.ask(ctx, http.MethodGet, "/v1.0/healthz", nil) != nil {
		return false, nil // one that is away or starting is no error here
	}
	var has loaded
	if a.ask(ctx, http.MethodGet, "/v1.0/metadata", &has) != nil {
		return false, nil
	}
	missing := has.missing(a.components, a.topics)
	if missing == "" {
		a.done = true
		return true, nil
	}
	err = fmt.Errorf("the sidecar started without %s", missing)
	if time.Since(a.stopped) < stopPause {
		return true, err
	}
	a.log.WarnContext(ctx, "the sidecar started before its components were there: it is started again", "missing", missing)
	if stop := a.ask(ctx, http.MethodPost, "/v1.0/shutdown", nil); stop != nil {
		return true, fmt.Errorf("%w; stop it: %w", err, stop)
	}
	a.stopped = time.Now()
	return true, err
}

type (
	// loaded is the part of the answer of GET /v1.0/metadata that Applied reads
	// (https://docs.dapr.io/reference/api/metadata_api/).
	loaded struct {
		Components    []component    `json:"components"`
		Subscriptions []subscription `json:"subscriptions"`
	}
	component struct {
		Name string `json:"name"`
	}
	subscription struct {
		Topic string `json:"topic"`
	}
)

// missing names the first component or topic that the sidecar has not, or is empty.
func (l loaded) missing(components, topics []string) string {
	for _, want := range components {
		if !slices.ContainsFunc(l.Components, func(c component) bool { return c.Name == want }) {
			return "component " + want
		}
	}
	for _, want := range topics {
		if !slices.ContainsFunc(l.Subscriptions, func(s subscription) bool { return s.Topic == want }) {
			return "subscription to " + want
		}
	}
	return ""
}

// ask sends a request without a body to the sidecar and decodes its answer into answer, if it is not nil.
func (a *Applied) ask(ctx context.Context, method, path string, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Dapr-Api-Token", a.token)
	res, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(answer)
}
