package system

import (
	"context"
	"encoding/json"
	"time"
)

// Observer is a subscriber that keeps every event.
type Observer struct {
	// Inbox has the events in the order in which they came. Like every consumer's they may come more than once.
	Inbox Inbox[Event]

	*Subscriber
}

var everyTopic = []string{TopicTasks, TopicReminders, TopicUpdates, TopicDeadLetters}

// Observe starts an observer and returns when it is subscribed. It gets what was published before as well.
func (s *System) Observe(ctx context.Context) (*Observer, error) {
	o := &Observer{}
	var err error
	o.Subscriber, err = s.ObserveFunc(ctx, o.Inbox.Add)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// ObserveFunc starts a subscriber that gets every event, several at once, and keeps none.
func (s *System) ObserveFunc(ctx context.Context, take func(Event)) (*Subscriber, error) {
	return s.Subscribe(ctx, "observer", everyTopic, func(topic string, raw []byte) error {
		take(decodeEvent(topic, raw))
		return nil
	})
}

// decodeEvent reads what it can: anything may stand in a topic.
func decodeEvent(topic string, raw []byte) Event {
	e := Event{Arrived: time.Now()}
	var data struct {
		Data json.RawMessage `json:"data"`
	}
	_, _ = json.Unmarshal(raw, &e), json.Unmarshal(raw, &data)
	e.Raw, e.RawData, e.Topic = raw, data.Data, topic
	return e
}
