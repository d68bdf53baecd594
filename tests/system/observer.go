package system

import (
	"context"
	"encoding/json"
	"time"
)

// Observer is a subscriber that keeps every event.
type Observer struct {
	// Inbox holds the events in the order of their arrival. As for every consumer, an event may
	// arrive more than once.
	Inbox Inbox[Event]

	*Subscriber
}

// EveryTopic are the topics of the system.
var EveryTopic = []string{TopicTasks, TopicReminders, TopicUpdates, TopicDeadLetters}

// Observe starts an observer and returns when it is subscribed. The observer gets earlier events as
// well.
func (s *System) Observe(ctx context.Context) (*Observer, error) {
	o := &Observer{}
	var err error
	o.Subscriber, err = s.ObserveFunc(ctx, o.Inbox.Add)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// ObserveFunc starts a subscriber that passes every event to take and keeps none. It calls take for
// several events at the same time.
func (s *System) ObserveFunc(ctx context.Context, take func(Event)) (*Subscriber, error) {
	return s.Subscribe(ctx, "observer", EveryTopic, func(topic string, raw []byte) error {
		take(DecodeEvent(topic, raw))
		return nil
	})
}

// DecodeEvent decodes as much of an event as it can, because a topic may contain anything. The event
// arrives now.
func DecodeEvent(topic string, raw []byte) Event {
	e := Event{Arrived: time.Now()}
	var data struct {
		Data json.RawMessage `json:"data"`
	}
	_, _ = json.Unmarshal(raw, &e), json.Unmarshal(raw, &data)
	e.Raw, e.RawData, e.Topic = raw, data.Data, topic
	return e
}
