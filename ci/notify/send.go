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

// client follows no redirects, because the address may be a secret.
var client = &http.Client{
	Timeout:       tryTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// refusal is an unsuccessful answer.
type refusal struct {
	status int
	after  time.Duration // Retry-After of the answer, the minimum wait before a retry
}

func (r refusal) Error() string {
	return fmt.Sprintf("answered %d %s", r.status, http.StatusText(r.status))
}

// send sends body as JSON and decodes the answer into answer, unless answer is nil. It retries
// temporary failures with growing waits. The error contains neither the address nor the body of the
// answer.
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
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // other formats are ignored
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

// withoutAddress removes the address from an error, because it may be a secret.
func withoutAddress(err error) error {
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		return urlErr.Err
	}
	return err
}
