package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/dialog"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// conversationsPath is the path of the conversations at the assistant.
const conversationsPath = "/chat/conversations"

// askHistory sends a request about conversations to the assistant as the sender of r. It reads the answer
// into v, unless v is nil.
func (s *service) askHistory(w http.ResponseWriter, r *http.Request, method, path string, v any) error {
	res, err := s.askAssistant(w, r, method, path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	content := io.LimitReader(res.Body, maxChatAnswer)
	if res.StatusCode >= http.StatusBadRequest {
		return readProblem(res.StatusCode, content)
	}
	if v == nil {
		return nil
	}
	if err := json.NewDecoder(content).Decode(v); err != nil {
		return fmt.Errorf("read the answer of the assistant: %w", err)
	}
	return nil
}

// addHistory adds the list of conversations to the page, and the turns of the named one. The page works without
// both.
func (s *service) addHistory(w http.ResponseWriter, r *http.Request, p *chatPage, id string) error {
	var list apiv1.Page[apiv1.ConversationItem]
	if err := s.askHistory(w, r, http.MethodGet, conversationsPath, &list); err != nil {
		p.HistoryProblem, _ = problemOf(err)
		return nil
	}
	p.Conversations = list.Items
	if id == "" {
		return nil
	}
	var found apiv1.Conversation
	err := s.askHistory(w, r, http.MethodGet, conversationsPath+"/"+url.PathEscape(id), &found)
	if isNotFound(err) {
		return task.Errorf(task.CodeNotFound, "%s", err)
	}
	if err != nil {
		return err
	}
	p.Conversation = found.ID
	for _, turn := range found.Turns {
		shown := chatTurn{Said: turn.Said, Text: turn.Text}
		for _, t := range turn.Tasks {
			shown.Answer.Tasks = append(shown.Answer.Tasks, dialog.Task{ID: t.ID, Title: t.Title, Deleted: t.Deleted})
		}
		p.Turns = append(p.Turns, shown)
	}
	return nil
}

// deleteChat deletes a conversation and shows an empty one.
func (s *service) deleteChat(w http.ResponseWriter, r *http.Request, _ *requestContext) error {
	err := s.askHistory(w, r, http.MethodDelete, conversationsPath+"/"+url.PathEscape(r.PathValue("id")), nil)
	if err != nil && !isNotFound(err) {
		return err
	}
	return s.redirectWithFlash(w, r, chatPath, flashMessage{Text: "The conversation is deleted"})
}

// isNotFound reports whether the assistant does not know the conversation.
func isNotFound(err error) bool {
	status, ok := errors.AsType[*server.StatusError](err)
	return ok && status.Status == http.StatusNotFound
}
