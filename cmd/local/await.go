package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	readyTimeout = 90 * time.Second // on a busy machine; usually it is less than ten
	readyPoll    = 50 * time.Millisecond
	probeTimeout = 3 * time.Second
)

// await calls probe until it succeeds. Its error tells who was waited for and what the last probe said.
func await(ctx context.Context, name string, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := poll(ctx, probe); err != nil {
		return fmt.Errorf("%s is not ready: %w", name, err)
	}
	return nil
}

// poll calls probe until it succeeds or the context ends.
func poll(ctx context.Context, probe func(context.Context) error) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		probeCtx, cancel := context.WithTimeout(ctx, probeTimeout)
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

// awaitURL waits until the URL answers 2xx.
func awaitURL(ctx context.Context, name, url string) error { return await(ctx, name, probeURL(url)) }

// probeURL asks the URL, which should answer 2xx.
func probeURL(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode/100 == 2 {
			return nil
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		return fmt.Errorf("%s answers %s %s", url, resp.Status, body)
	}
}
