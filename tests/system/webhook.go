package system

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Notification is a webhook, push message or e-mail that a receiver got.
type Notification struct {
	// ID is the same for every repetition of a notification: the webhook-id, or the part of the
	// Message-ID before the @.
	ID string
	// To is the path of the webhook or push endpoint, or the e-mail's recipient.
	To string
	// UserID is the user in the webhook's data.
	UserID string
	// Type and Task come from a webhook's data. A push message only has TaskID.
	Type   string
	Task   Task
	TaskID string
	// Header has the request headers of a webhook or push message, or the headers of an e-mail.
	Header http.Header
	// Text is the body, decrypted if it was encrypted.
	Text string
	// Err is an error of the notification, for example of its signature.
	Err     error
	Arrived time.Time
}

// Webhooks receives webhooks, on one path for each channel. It answers 200, or the status that
// Answer returns.
type Webhooks struct {
	Inbox Inbox[Notification]
	// Take receives the webhooks in place of the inbox. Set it before the first webhook.
	Take func(Notification)
	// Answer returns the status of an answer. Set it before the first webhook.
	Answer func(Notification) int

	server  *httptest.Server
	mu      sync.Mutex
	secrets map[string]string // by path
}

// ReceiveWebhooks starts a receiver on 127.0.0.1.
func ReceiveWebhooks() *Webhooks {
	h := &Webhooks{secrets: map[string]string{}}
	h.server = httptest.NewServer(http.HandlerFunc(h.receive))
	return h
}

// ReceiveWebhooksOn starts a receiver on a listener that other machines can reach.
func ReceiveWebhooksOn(ln net.Listener) *Webhooks {
	h := &Webhooks{secrets: map[string]string{}}
	h.server = &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(h.receive), ReadHeaderTimeout: requestTimeout}}
	h.server.Start()
	return h
}

// Close stops the receiver.
func (h *Webhooks) Close() { h.server.Close() }

// Channel creates a webhook channel of a person to this receiver, and returns its path.
func (h *Webhooks) Channel(ctx context.Context, p *Person) (path string, err error) {
	path = "/" + p.ID
	var channel struct {
		Secret string `json:"secret"`
	}
	if err := p.Do(ctx, "POST", "/channels", map[string]string{"kind": "webhook", "url": h.server.URL + path}, &channel); err != nil {
		return "", err
	}
	if channel.Secret == "" {
		return "", fmt.Errorf("the webhook channel of %s came without a secret", p.Email)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets[path] = channel.Secret
	return path, nil
}

func (h *Webhooks) receive(w http.ResponseWriter, r *http.Request) {
	n := Notification{
		ID: r.Header.Get(standardwebhooks.HeaderWebhookID), To: r.URL.Path, UserID: strings.TrimPrefix(r.URL.Path, "/"),
		Header: r.Header, Arrived: time.Now(),
	}
	body, err := io.ReadAll(r.Body)
	n.Text, n.Err = string(body), err
	if n.Err == nil {
		n.Err = h.verify(r.URL.Path, body, r.Header)
	}
	var content struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &content); err != nil && n.Err == nil {
		n.Err = err
	}
	n.Type = content.Type
	n.Task = taskIn(content.Data)
	n.TaskID = n.Task.ID
	if h.Take != nil {
		h.Take(n)
	} else {
		h.Inbox.Add(n)
	}
	if h.Answer != nil {
		w.WriteHeader(h.Answer(n))
	}
}

func (h *Webhooks) verify(path string, body []byte, header http.Header) error {
	h.mu.Lock()
	secret, ok := h.secrets[path]
	h.mu.Unlock()
	if !ok {
		return fmt.Errorf("no channel leads to %s", path)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return verifier.Verify(body, header)
}

// taskIn returns the task in a webhook's data, which an event holds as task_data.
func taskIn(data json.RawMessage) Task {
	var with struct {
		Task     Task `json:"task"`
		TaskData Task `json:"task_data"`
	}
	if json.Unmarshal(data, &with) != nil {
		return Task{}
	}
	if with.TaskData.ID != "" {
		return with.TaskData
	}
	return with.Task
}

// About returns a function that matches notifications about a task.
func About(taskID string) func(Notification) bool {
	return func(n Notification) bool { return n.TaskID == taskID || strings.Contains(n.Text, taskID) }
}
