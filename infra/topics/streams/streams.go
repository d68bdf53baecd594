// Package streams creates TaskMaster's streams on NATS JetStream. Dapr does not create them.
package streams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// duplicateWindow is how long a stream drops an event whose ID it has seen. It is the shortest that
	// NATS allows. An event that an operator publishes again has its old ID, and so has a dead letter
	// that comes a second time. Both would be lost.
	duplicateWindow = 100 * time.Millisecond
	// defaultCopies survive the loss of one server. A single server refuses them.
	defaultCopies = 3
	// singleServer is the code of that refusal (JSStreamReplicasNotSupportedErr).
	singleServer jetstream.ErrorCode = 10074
)

// Settings are the settings of every stream.
type Settings struct {
	// Retention is how long events are kept. A longer retention of an existing stream stays.
	Retention time.Duration
	// Copies is the number of servers with a copy. 0 means three, or one on a single server. An
	// existing stream then keeps its number.
	Copies int
}

// Ensure creates the stream of a topic, with the topic's name and subject, or updates it. It returns
// a description of the result. Each topic needs its own stream: a dead letter has the ID of its
// event, which a common stream has just seen and would drop.
func Ensure(ctx context.Context, conn *nats.Conn, topic string, settings Settings) (did string, err error) {
	did, err = ensure(ctx, conn, topic, settings)
	if err != nil {
		return "", fmt.Errorf("create stream %s: %w", topic, err)
	}
	return did, nil
}

func ensure(ctx context.Context, conn *nats.Conn, topic string, settings Settings) (did string, err error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return "", err
	}
	want := jetstream.StreamConfig{
		Name: topic, Subjects: []string{topic}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
		MaxAge: settings.Retention, Duplicates: duplicateWindow, Replicas: settings.Copies,
	}
	existing, err := js.Stream(ctx, topic)
	switch {
	case err == nil:
		have := existing.CachedInfo().Config
		if have.MaxAge == 0 || have.MaxAge > want.MaxAge {
			want.MaxAge = have.MaxAge
		}
		if want.Replicas == 0 {
			want.Replicas = have.Replicas
		}
		did = "is up to date"
	case errors.Is(err, jetstream.ErrStreamNotFound):
		did = "created"
	default:
		return "", err
	}
	chosen := want.Replicas == 0
	if chosen {
		want.Replicas = defaultCopies
	}
	stream, err := js.CreateOrUpdateStream(ctx, want)
	if refusal, ok := errors.AsType[*jetstream.APIError](err); ok && refusal.ErrorCode == singleServer && chosen {
		want.Replicas = 1
		stream, err = js.CreateOrUpdateStream(ctx, want)
	}
	if err != nil {
		return "", err
	}
	got := stream.CachedInfo().Config
	return fmt.Sprintf("%s with replication %d, retention %v", did, got.Replicas, got.MaxAge), nil
}
