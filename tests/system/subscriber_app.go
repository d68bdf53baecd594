package system

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

func subscriberRoutes(topics []string, take func(topic string, cloudEvent []byte) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		var subscriptions []map[string]any
		for _, topic := range topics {
			subscriptions = append(subscriptions, map[string]any{
				"pubsubname": "kafka-pubsub", "topic": topic, "route": "/" + topic,
				// With rawPayload, messages that are no events arrive too.
				"metadata": map[string]string{"rawPayload": "true"},
			})
		}
		_ = json.NewEncoder(w).Encode(subscriptions)
	})
	mux.HandleFunc("POST /{topic}", func(w http.ResponseWriter, r *http.Request) {
		topic := r.PathValue("topic")
		if !slices.Contains(topics, topic) {
			http.NotFound(w, r)
			return
		}
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = take(topic, Payload(raw))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

// Payload returns the published bytes. With rawPayload, a sidecar wraps them in a CloudEvent.
// Payload returns bytes without such a wrapper unchanged.
func Payload(delivered []byte) []byte {
	var wrapper struct {
		Type string `json:"type"`
		Data []byte `json:"data_base64"`
	}
	if json.Unmarshal(delivered, &wrapper) != nil || wrapper.Type != "com.dapr.event.sent" || wrapper.Data == nil {
		return delivered
	}
	return wrapper.Data
}
