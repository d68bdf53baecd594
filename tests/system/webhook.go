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

// Notification is what a receiver got.
type Notification struct {
	// ID is the same each time when a notification is sent again: the webhook-id, or the part of a Message-ID before the @.
	ID string
	// To is the path of the webhook or push endpoint, or the e-mail's recipient.
	To string
	// UserID is whose webhook it is.
	UserID string
	// Type and Task are what a webhook says it is about, and TaskID what a push message does.
	Type   string
	Task   Task
	TaskID string
	// Header has a webhook's or push message's request headers, or the e-mail's.
	Header http.Header
	// Text is the body as it came, or after decryption.
	Text string
	// Err is what is wrong with it, for example its signature.
	Err     error
	Arrived time.Time
}

// Webhooks receives webhooks, on a path for each channel. It answers 200, or what Answer says.
type Webhooks struct {
	Inbox Inbox[Notification]
	// Take, when set before the first webhook, gets them instead of the inbox.
	Take func(Notification)
	// Answer, when set before the first webhook, returns the status to answer with.
	Answer func(Notification) int

	server  *httptest.Server
	mu      sync.Mutex
	secrets map[string]string // by path
}

// ReceiveWebhooks starts a receiver on 127.0.0.1.
func ReceiveWebhooks() *Webhooks {
	w := &Webhooks{secrets: map[string]string{}}
	w.server = httptest.NewServer(http.HandlerFunc(w.receive))
	return w
}

// ReceiveWebhooksOn starts a receiver that others than this machine can reach.
func ReceiveWebhooksOn(ln net.Listener) *Webhooks {
	w := &Webhooks{secrets: map[string]string{}}
	w.server = &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(w.receive), ReadHeaderTimeout: requestTimeout}}
	w.server.Start()
	return w
}

// Close ends it.
func (w *Webhooks) Close() { w.server.Close() }

// Channel makes a webhook channel of a person that leads here, and returns its path.
func (w *Webhooks) Channel(ctx context.Context, p *Person) (path string, err error) {
	path = "/" + p.ID
	var channel struct {
		Secret string `json:"secret"`
	}
	if err := p.Do(ctx, "POST", "/channels", map[string]string{"kind": "webhook", "url": w.server.URL + path}, &channel); err != nil {
		return "", err
	}
	if channel.Secret == "" {
		return "", fmt.Errorf("the webhook channel of %s came without a secret", p.Email)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[path] = channel.Secret
	return path, nil
}

func (w *Webhooks) receive(rw http.ResponseWriter, r *http.Request) {
	n := Notification{
		ID: r.Header.Get(standardwebhooks.HeaderWebhookID), To: r.URL.Path, UserID: strings.TrimPrefix(r.URL.Path, "/"),
		Header: r.Header, Arrived: time.Now(),
	}
	body, err := io.ReadAll(r.Body)
	n.Text, n.Err = string(body), err
	if n.Err == nil {
		n.Err = w.verify(r.URL.Path, body, r.Header)
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
	if w.Take != nil {
		w.Take(n)
	} else {
		w.Inbox.Add(n)
	}
	if w.Answer != nil {
		rw.WriteHeader(w.Answer(n))
	}
}

func (w *Webhooks) verify(path string, body []byte, header http.Header) error {
	w.mu.Lock()
	secret, ok := w.secrets[path]
	w.mu.Unlock()
	if !ok {
		return fmt.Errorf("no channel leads to %s", path)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return verifier.Verify(body, header)
}

// taskIn finds the task in a webhook's data: the event's data has it as task_data.
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

// About matches what tells of a task.
func About(taskID string) func(Notification) bool {
	return func(n Notification) bool { return n.TaskID == taskID || strings.Contains(n.Text, taskID) }
}
