package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// Publish publishes bytes to a topic as a foreign program would. It uses api's sidecar, which does
// not inspect them.
func (s *System) Publish(ctx context.Context, topic, partitionKey string, payload []byte) error {
	sidecar, err := s.Process(RoleSidecar, "api", 1)
	if err != nil {
		return err
	}
	var secrets struct {
		DaprAPIToken string `json:"dapr_api_token"`
	}
	raw, err := os.ReadFile(filepath.Join(s.Dir, "secrets.json"))
	if err == nil {
		err = json.Unmarshal(raw, &secrets)
	}
	if err != nil {
		return fmt.Errorf("read the token of services: %w", err)
	}
	query := url.Values{"metadata.rawPayload": {"true"}, "metadata.partitionKey": {partitionKey}}
	target := "http://" + sidecar.DaprHTTP + "/v1.0/publish/kafka-pubsub/" + topic + "?" + query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("Dapr-Api-Token", secrets.DaprAPIToken)
	client := http.Client{Timeout: requestTimeout}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		answer, _ := io.ReadAll(res.Body)
		return fmt.Errorf("publish to %s: %s %s", topic, res.Status, answer)
	}
	return nil
}
