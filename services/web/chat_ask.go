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
	if s.chats == nil {
		return dialog.Answer{}, errNoAssistant
	}
	body, err := json.Marshal(turn)
	if err != nil {
		return dialog.Answer{}, fmt.Errorf("encode the turn: %w", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), chatTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://assistant/chat", bytes.NewReader(body))
	if err != nil {
		return dialog.Answer{}, fmt.Errorf("make the request: %w", err)
	}
	req.Host = r.Host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", server.ClientAddr(r, s.trusted))
	req.Header["Cookie"] = r.Header["Cookie"]
	res, err := s.chats.RoundTrip(req)
	if errors.Is(err, proxy.ErrNoUpstream) {
		return dialog.Answer{}, task.RetryLater(task.CodeUnavailable, proxy.RetryAfter, "the assistant cannot be reached right now; your tasks are all there without it")
	}
	if err != nil {
		return dialog.Answer{}, fmt.Errorf("ask the assistant: %w", err)
	}
	defer res.Body.Close()
	for _, cookie := range res.Header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	content := io.LimitReader(res.Body, maxChatAnswer)
	if res.StatusCode != http.StatusOK {
		var problem server.Problem
		if err := json.NewDecoder(content).Decode(&problem); err != nil {
			return dialog.Answer{}, fmt.Errorf("read the problem of the assistant, status %d: %w", res.StatusCode, err)
		}
		return dialog.Answer{}, &server.StatusError{Status: res.StatusCode, Code: problem.Code, Detail: problem.Detail}
	}
	return readAnswer(content)
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
