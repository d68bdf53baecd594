package system

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Observer is a subscriber that keeps every event.
type Observer struct {
	// Inbox has the events in the order in which they came. Like every consumer's they may come more than once.
	Inbox Inbox[Event]

	*Subscriber
}

// Observe starts an observer and returns when it is subscribed. It gets what was published before as well.
func (s *System) Observe(ctx context.Context) (*Observer, error) {
	o := &Observer{}
	var err error
	o.Subscriber, err = s.Subscribe(ctx, "observer", []string{TopicTasks, TopicReminders, TopicUpdates, TopicDeadLetters}, o.receive)
	if err != nil {
		return nil, err
	}
	return o, nil
}

func (o *Observer) receive(topic string, raw []byte) error {
	e := Event{Arrived: time.Now()}
	var data struct {
		Data json.RawMessage `json:"data"`
	}
	if err := errors.Join(json.Unmarshal(raw, &e), json.Unmarshal(raw, &data)); err != nil {
		return err
	}
	e.Raw, e.RawData, e.Topic = raw, data.Data, topic
	o.Inbox.Add(e)
	return nil
}
