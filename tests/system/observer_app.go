package system

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

func (o *Observer) routes() http.Handler {
	topics := []string{TopicTasks, TopicReminders, TopicUpdates, TopicDeadLetters}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		var subscriptions []map[string]string
		for _, topic := range topics {
			subscriptions = append(subscriptions, map[string]string{"pubsubname": "kafka-pubsub", "topic": topic, "route": "/" + topic})
		}
		_ = json.NewEncoder(w).Encode(subscriptions)
	})
	mux.HandleFunc("POST /{topic}", func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(topics, r.PathValue("topic")) {
			http.NotFound(w, r)
			return
		}
		if err := o.receive(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

func (o *Observer) receive(r *http.Request) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	e := Event{Arrived: time.Now()}
	var data struct {
		Data json.RawMessage `json:"data"`
	}
	if err := errors.Join(json.Unmarshal(raw, &e), json.Unmarshal(raw, &data)); err != nil {
		return err
	}
	e.Raw, e.RawData, e.Topic = raw, data.Data, r.PathValue("topic")
	o.Inbox.Add(e)
	return nil
}
