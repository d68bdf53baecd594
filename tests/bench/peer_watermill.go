package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/components/forwarder"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
)

// watermillMover is watermill's forwarder, which is its outbox: messages are written to a table in the transaction of the
// change, in envelopes that say where to; the forwarder reads them in order and publishes them there.
type watermillMover struct {
	db     *postgres.DB
	schema sql.DefaultPostgreSQLSchema
	log    watermill.LoggerAdapter
}

const (
	// forwarderTopic names the table.
	forwarderTopic = "events"
	// watermillBatch is how many messages are read at once. The default is 100.
	watermillBatch = 1000
	// watermillPoll is how often it looks when there was nothing. The default is a second; this is as often as River looks.
	watermillPoll = riverPoll
	// keyMetadata is where a message carries its partition key.
	keyMetadata = "key"
)

// newWatermill makes the tables.
func newWatermill(db *postgres.DB) (*watermillMover, error) {
	m := &watermillMover{
		db: db, schema: sql.DefaultPostgreSQLSchema{SubscribeBatchSize: watermillBatch},
		log: watermill.NewSlogLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
	subscriber, err := m.subscriber()
	if err != nil {
		return nil, err
	}
	if err := subscriber.SubscribeInitialize(forwarderTopic); err != nil {
		return nil, fmt.Errorf("make watermill's tables: %w", err)
	}
	return m, subscriber.Close()
}

func (m *watermillMover) subscriber() (*sql.Subscriber, error) {
	return sql.NewSubscriber(sql.BeginnerFromPgx(m.db.Pool()), sql.SubscriberConfig{
		ConsumerGroup: "forwarder", SchemaAdapter: m.schema, OffsetsAdapter: sql.DefaultPostgreSQLOffsetsAdapter{},
		PollInterval: watermillPoll,
	}, m.log)
}

func (m *watermillMover) enqueue(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	publisher, err := sql.NewPublisher(sql.TxFromPgx(tx), sql.PublisherConfig{SchemaAdapter: m.schema}, m.log)
	if err != nil {
		return err
	}
	enveloped := forwarder.NewPublisher(publisher, forwarder.PublisherConfig{ForwarderTopic: forwarderTopic})
	messages := map[string][]*message.Message{}
	for _, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		msg := message.NewMessageWithContext(ctx, e.ID.String(), raw)
		msg.Metadata.Set(keyMetadata, e.Data.UserID.String())
		messages[event.Topic(e.Type)] = append(messages[event.Topic(e.Type)], msg)
	}
	for topic, all := range messages { // a statement each
		if err := enveloped.Publish(topic, all...); err != nil {
			return err
		}
	}
	return nil
}

func (m *watermillMover) start(ctx context.Context, publish outbox.Publish) (func(uuid.UUID), func() error, error) {
	subscriber, err := m.subscriber()
	if err != nil {
		return nil, nil, err
	}
	f, err := forwarder.NewForwarder(subscriber, publisherTo(publish), m.log, forwarder.Config{ForwarderTopic: forwarderTopic})
	if err != nil {
		return nil, nil, fmt.Errorf("make forwarder: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	stop := func() error { return errors.Join(f.Close(), <-ended) }
	return func(uuid.UUID) {}, stop, nil // it polls
}

// publisherTo publishes what the forwarder has unwrapped.
type publisherTo outbox.Publish

// Publish publishes one message after another.
func (p publisherTo) Publish(topic string, messages ...*message.Message) error {
	for _, msg := range messages {
		err := p(msg.Context(), topic, []event.Message{{Key: msg.Metadata.Get(keyMetadata), CloudEvent: msg.Payload}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Close has nothing to close.
func (publisherTo) Close() error { return nil }
