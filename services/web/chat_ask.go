package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"taskmaster/internal/dialog"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/web/proxy"
)

// chatTimeout bounds the wait for an answer of the assistant. Its own limit is lower.
const chatTimeout = 45 * time.Second

// maxChatAnswer is the largest answer of the assistant that is read, in bytes.
const maxChatAnswer = 4 << 20

// ask sends a turn to the assistant as the sender of r, and returns the whole answer.
func (s *service) ask(w http.ResponseWriter, r *http.Request, turn dialog.Request) (dialog.Answer, error) {
	body, err := json.Marshal(turn)
	if err != nil {
		return dialog.Answer{}, fmt.Errorf("encode the turn: %w", err)
	}
	res, err := s.askAssistant(w, r, http.MethodPost, chatPath, body)
	if err != nil {
		return dialog.Answer{}, err
	}
	defer res.Body.Close()
	content := io.LimitReader(res.Body, maxChatAnswer)
	if res.StatusCode != http.StatusOK {
		return dialog.Answer{}, readProblem(res.StatusCode, content)
	}
	return readAnswer(content)
}

// askAssistant sends a request to the assistant as the sender of r. The caller closes the body of the answer.
func (s *service) askAssistant(w http.ResponseWriter, r *http.Request, method, path string, body []byte) (*http.Response, error) {
	if s.chats == nil {
		return nil, errNoAssistant
	}
	ctx, cancel := context.WithTimeout(r.Context(), chatTimeout)
	req, err := http.NewRequestWithContext(ctx, method, "http://assistant"+path, bytes.NewReader(body))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Host = r.Host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", server.ClientAddr(r, s.trusted))
	req.Header["Cookie"], req.Header["Accept-Language"] = r.Header["Cookie"], r.Header["Accept-Language"]
	res, err := s.chats.RoundTrip(req)
	if errors.Is(err, proxy.ErrNoUpstream) {
		cancel()
		return nil, task.RetryLater(task.CodeUnavailable, proxy.RetryAfter, "the assistant cannot be reached right now; your tasks are all there without it")
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("ask the assistant: %w", err)
	}
	for _, cookie := range res.Header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	res.Body = &cancelledBody{res.Body, cancel}
	return res, nil
}

// cancelledBody ends the time limit of a request when its answer is closed.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelledBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// readProblem reads the problem in an answer with a status.
func readProblem(status int, content io.Reader) error {
	var problem server.Problem
	if err := json.NewDecoder(content).Decode(&problem); err != nil {
		return fmt.Errorf("read the problem of the assistant, status %d: %w", status, err)
	}
	return &server.StatusError{Status: status, Code: problem.Code, Detail: problem.Detail}
}

// readAnswer reads the events of an answer.
func readAnswer(stream io.Reader) (answer dialog.Answer, err error) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxChatAnswer)
	event := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			event = value
		case name == "data" && event == "answer":
			if err := json.Unmarshal([]byte(value), &answer); err != nil {
				return answer, fmt.Errorf("read the answer: %w", err)
			}
		case name == "data" && event == "error":
			var problem server.Problem
			if err := json.Unmarshal([]byte(value), &problem); err != nil {
				return answer, fmt.Errorf("read the problem: %w", err)
			}
			return answer, &server.StatusError{Status: problem.Status, Code: problem.Code, Detail: problem.Detail}
		case name == "data" && event == "end":
			return answer, nil
		}
	}
	return answer, errors.Join(task.Errorf(task.CodeOutcomeUnknown, "the answer broke off: look at your tasks before you repeat it"), lines.Err())
}

// problemOf returns the text of an error that a conversation shows. An ended session is shown by the login page.
func problemOf(err error) (string, bool) {
	if status, ok := errors.AsType[*server.StatusError](err); ok {
		return status.Detail, status.Status != http.StatusUnauthorized
	}
	if known, ok := errors.AsType[*task.Error](err); ok {
		return known.Message, known.Code != task.CodeUnauthorized
	}
	return "", false
}
