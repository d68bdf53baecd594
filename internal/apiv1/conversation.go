package apiv1

import "time"

// ConversationItem is a conversation with the assistant in a list. The title is the start of its first sentence.
type ConversationItem struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Conversation is a conversation with the assistant, the oldest turn first.
type Conversation struct {
	ConversationItem
	Turns []ConversationTurn `json:"turns"`
}

// ConversationTurn is a sentence, or the label of a choice, and its answer.
type ConversationTurn struct {
	ID    string             `json:"id"`
	At    time.Time          `json:"at"`
	Said  string             `json:"said"`
	Text  string             `json:"text"`
	Tasks []ConversationTask `json:"tasks,omitempty"`
}

// ConversationTask is a task of an answer, with its title at that time.
type ConversationTask struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Deleted bool   `json:"deleted,omitempty"`
}
