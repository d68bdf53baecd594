package supervise

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// ReadyTimeout is how long a process may take to become ready. Most take less than ten seconds; a
	// busy machine needs more.
	ReadyTimeout = 90 * time.Second
	// ReadyPoll is the pause between two probes. A start waits this long for nothing at most.
	ReadyPoll = 50 * time.Millisecond
	// ProbeTimeout ends one probe, so that a server that hangs does not block the start.
	ProbeTimeout = 3 * time.Second
)

// Await calls probe until it succeeds, for ReadyTimeout at most. Its error names the process and
// contains the error of the last probe.
func Await(ctx context.Context, name string, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyTimeout)
	defer cancel()
	if err := Poll(ctx, probe); err != nil {
		return fmt.Errorf("%s is not ready: %w", name, err)
	}
	return nil
}

// AwaitURL waits until the URL answers 2xx, for ReadyTimeout at most.
func AwaitURL(ctx context.Context, name, url string) error { return Await(ctx, name, ProbeURL(url)) }

// Poll calls probe every ReadyPoll until it succeeds or ctx is cancelled.
func Poll(ctx context.Context, probe func(context.Context) error) error {
	tick := time.NewTicker(ReadyPoll)
	defer tick.Stop()
	for {
		probeCtx, cancel := context.WithTimeout(ctx, ProbeTimeout)
		err := probe(probeCtx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// ProbeURL returns a probe that succeeds if the URL answers 2xx.
func ProbeURL(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("probe %s: %w", url, err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err // it contains the URL
		}
		defer resp.Body.Close()
		if resp.StatusCode/100 == 2 {
			return nil
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // a help for the reader, no more
		return fmt.Errorf("%s answers %s %s", url, resp.Status, body)
	}
}
