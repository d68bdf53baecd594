package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/dialog"
	"taskmaster/internal/task"
)

// chatPath is the path of the conversation with the assistant.
const chatPath = "/chat"

var errNoAssistant = task.Errorf(task.CodeUnavailable, "the assistant does not run here")

// chatPage shows a conversation. Without scripts, each turn is a form, and the form holds the turns before it.
type chatPage struct {
	Here      bool // the assistant runs here
	Turns     []chatTurn
	Suggested []dialog.Choice
	// Before holds the turns as JSON, for the next form.
	Before string
	// About holds the ids of the tasks of the last answer.
	About string
	// Conversation is the id of the shown conversation, or "" for a new one.
	Conversation string
	// Conversations are the kept ones. HistoryProblem is the reason if they cannot be shown.
	Conversations  []apiv1.ConversationItem
	HistoryProblem string
}

// chatTurn is a sentence and its answer.
type chatTurn struct {
	Said    string        `json:"said"`
	Text    string        `json:"text"`
	Problem string        `json:"problem,omitempty"`
	Answer  dialog.Answer `json:"-"`
}

// maxTurns is the number of turns before the present one that a page without scripts keeps.
const maxTurns = 10

// maxTurnText is the largest part of a turn that a page without scripts keeps, in bytes.
const maxTurnText = 2000

// chat shows an empty conversation, or a kept one. Scripts go on with it.
func (s *service) chat(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	p := chatPage{}
	if s.chats != nil {
		if err := s.addHistory(w, r, &p, r.URL.Query().Get("c")); err != nil {
			return err
		}
	}
	return s.showChat(w, r, rc, p)
}

func (s *service) showChat(w http.ResponseWriter, r *http.Request, rc *requestContext, p chatPage) error {
	p.Here, p.Suggested = s.chats != nil, dialog.Suggestions(rc.user.Language)
	turns := p.Turns
	if before, err := json.Marshal(turns[max(0, len(turns)-maxTurns):]); err == nil && turns != nil {
		p.Before = string(before)
	}
	if len(turns) > 0 {
		var ids []string
		for _, t := range turns[len(turns)-1].Answer.Tasks {
			if !t.Deleted {
				ids = append(ids, t.ID)
			}
		}
		p.About = strings.Join(ids, " ")
	}
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "chat", Title: "Assistant", Path: chatPath, Body: p, Secret: true})
}

// chatRoute passes the JSON of scripts and programs on, and answers forms with a page.
func (s *service) chatRoute(assistant http.Handler) http.Handler {
	form := s.form(s.chatForm)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			form.ServeHTTP(w, r)
			return
		}
		assistant.ServeHTTP(w, r)
	})
}

// chatForm sends a turn of a page without scripts, and shows the conversation with its answer.
func (s *service) chatForm(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	turn := chatTurn{Said: strings.TrimSpace(r.PostFormValue("sentence"))}
	req := dialog.Request{
		ID: r.PostFormValue("key"), Sentence: turn.Said, About: strings.Fields(r.PostFormValue("about")), Conversation: r.PostFormValue("conversation"),
	}
	if raw := r.PostFormValue("call"); raw != "" {
		req.Call = &dialog.Call{}
		if err := json.Unmarshal([]byte(raw), req.Call); err != nil {
			return task.Invalid("call", "is not one that an answer offers")
		}
		req.Sentence, req.Label, turn.Said = "", r.PostFormValue("label"), r.PostFormValue("label")
	}
	p := chatPage{Turns: readTurns(r.PostFormValue("before")), Conversation: req.Conversation}
	if req.Sentence == "" && req.Call == nil {
		return s.showChat(w, r, rc, p)
	}
	answer, err := s.ask(w, r, req)
	switch problem, known := problemOf(err); {
	case known:
		turn.Problem = problem
		if isNotFound(err) {
			p.Conversation = "" // deleted elsewhere
		}
	case err != nil:
		return err
	default:
		turn.Text, turn.Answer, p.Conversation = answer.Text, answer, answer.Conversation
	}
	p.Turns = append(p.Turns, turn)
	return s.showChat(w, r, rc, p)
}

// readTurns reads the turns of the page that sent a form. Their text is shown only to its sender.
func readTurns(raw string) []chatTurn {
	var turns []chatTurn
	if json.Unmarshal([]byte(raw), &turns) != nil {
		return nil
	}
	turns = turns[max(0, len(turns)-maxTurns):]
	for i := range turns {
		for _, text := range []*string{&turns[i].Said, &turns[i].Text, &turns[i].Problem} {
			if len(*text) > maxTurnText {
				*text = strings.ToValidUTF8((*text)[:maxTurnText], "") + "…"
			}
		}
	}
	return turns
}
