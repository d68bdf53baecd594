package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	tries       = 4
	tryTimeout  = 15 * time.Second
	answerLimit = 8 << 20
	longestWait = 30 * time.Second
)

// client follows no redirect: an address that is a secret is told to nobody else.
var client = &http.Client{
	Timeout:       tryTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	after  time.Duration // wait before trying again, as the answer asks for
}

func (r refusal) Error() string {
	return fmt.Sprintf("answered %d %s", r.status, http.StatusText(r.status))
}

// send sends a body as JSON and reads the answer into answer, unless that is nil. What may pass it tries again, with growing
// waits. The error has no word of the address, nor of what was answered.
func (c config) send(ctx context.Context, method, to string, header http.Header, body, answer any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode: %w", err)
		}
	}
	wait := c.first
	for try := 1; ; try++ {
		err := sendOnce(ctx, method, to, header, raw, answer)
		refused, answered := errors.AsType[refusal](err)
		passing := !answered || refused.status == http.StatusTooManyRequests || refused.status >= http.StatusInternalServerError
		if err == nil || !passing || try == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(max(wait, min(refused.after, longestWait))):
			wait *= 2
		}
	}
}

func sendOnce(ctx context.Context, method, to string, header http.Header, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return withoutAddress(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "taskmaster-ci")
	response, err := client.Do(r)
	if err != nil {
		return withoutAddress(err)
	}
	defer response.Body.Close()
	limited := io.LimitReader(response.Body, answerLimit)
	if response.StatusCode/100 != 2 {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // anything else is no wish
		return refusal{status: response.StatusCode, after: time.Duration(seconds) * time.Second}
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(limited).Decode(answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// withoutAddress takes the address out of an error, which may be a secret.
func withoutAddress(err error) error {
	if told, ok := errors.AsType[*url.Error](err); ok {
		return told.Err
	}
	return err
}
