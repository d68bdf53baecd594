package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// consumers maps each topic to the service that its events are delivered to.
var consumers = map[string]string{TopicTasks: "recurring", TopicReminders: "notifier", TopicUpdates: "live"}

// Redeliver delivers an event once more to every replica of its consumer, as a sidecar does that
// has lost the first answer. It returns an error unless the consumer answers that the event was
// handled.
func (s *System) Redeliver(ctx context.Context, e Event) error {
	answers, err := s.callBack(ctx, consumers[e.Topic], "/events/"+e.Topic, "application/cloudevents+json", e.Raw)
	for _, answer := range answers {
		var verdict struct {
			Status string `json:"status"`
		}
		if err := json.Unmarshal(answer, &verdict); err != nil || verdict.Status != "SUCCESS" {
			return fmt.Errorf("redeliver %s: answered %q, want SUCCESS", e.Type, answer)
		}
	}
	return err
}

// FireJob calls every replica of api as a sidecar does when a job is due.
func (s *System) FireJob(ctx context.Context, name string) error {
	_, err := s.callBack(ctx, "api", "/job/"+name, "application/json", []byte("{}"))
	return err
}

// callBack sends a request with the sidecar's token to every replica of a service.
func (s *System) callBack(ctx context.Context, service, path, contentType string, body []byte) (answers [][]byte, err error) {
	state, err := s.State()
	if err != nil {
		return nil, err
	}
	var secrets struct {
		AppAPIToken string `json:"app_api_token"`
	}
	raw, err := os.ReadFile(filepath.Join(s.Dir, "secrets.json"))
	if err == nil {
		err = json.Unmarshal(raw, &secrets)
	}
	if err != nil {
		return nil, fmt.Errorf("read the token of sidecars: %w", err)
	}
	client := http.Client{Timeout: requestTimeout}
	for _, p := range state.Processes {
		if p.Role != RoleService || p.Name != service {
			continue
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Address+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Dapr-Api-Token", secrets.AppAPIToken)
		res, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s of %s %d: %s %s", path, service, p.Replica, res.Status, answer)
		}
		answers = append(answers, answer)
	}
	return answers, nil
}
