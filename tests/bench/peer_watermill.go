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

// watermillMover is Watermill's forwarder, which is its outbox. A change writes messages to a table
// in its transaction, in envelopes with the destination. The forwarder reads them in order and
// publishes them there.
type watermillMover struct {
	db     *postgres.DB
	schema sql.DefaultPostgreSQLSchema
	log    watermill.LoggerAdapter
}

const (
	// forwarderTopic names the table.
	forwarderTopic = "events"
	// watermillBatch is the number of messages that are read together. The default is 100.
	watermillBatch = 1000
	// watermillPoll is the pause before the next query after an empty one. The default is a second;
	// this is River's interval.
	watermillPoll = riverPoll
	// keyMetadata is the metadata field of a message's partition key.
	keyMetadata = "key"
)

// newWatermill creates the tables.
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
	for topic, all := range messages { // one statement each
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
	return func(uuid.UUID) {}, stop, nil // the forwarder polls
}

// publisherTo publishes the messages that the forwarder has unwrapped.
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
