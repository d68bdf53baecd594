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
		var subscriptions []map[string]string
		for _, topic := range topics {
			subscriptions = append(subscriptions, map[string]string{"pubsubname": "kafka-pubsub", "topic": topic, "route": "/" + topic})
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
			err = take(topic, raw)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}
