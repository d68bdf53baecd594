package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"taskmaster/internal/event"
)

var topics = []string{event.TopicTasks, event.TopicReminders, event.TopicUpdates, event.TopicDeadLetters}

// ensure creates missing topics and changes the settings of existing ones, unless that could lose
// events. It continues after a failed topic and reports all failures.
func ensure(ctx context.Context, admin *kadm.Client, cfg config, out io.Writer) error {
	have, err := admin.ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	missing := slices.DeleteFunc(slices.Clone(topics), have.Has)
	created, err := create(ctx, admin, cfg, missing)
	if err != nil {
		return err
	}
	var errs []error
	for _, topic := range topics {
		did, err := created.did, created.failed[topic]
		if detail := have[topic]; have.Has(topic) {
			if did, err = "", detail.Err; err == nil {
				did, err = update(ctx, admin, cfg, detail)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", topic, err))
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", topic, did)
	}
	return errors.Join(errs...)
}

// update changes settings that differ from the wanted ones and returns a description of the
// changes.
func update(ctx context.Context, admin *kadm.Client, cfg config, topic kadm.TopicDetail) (string, error) {
	if err := refuse(cfg, topic); err != nil {
		return "", err
	}
	want := settings(cfg, topic.Partitions.NumReplicas())
	have, err := describe(ctx, admin, topic.Topic)
	if err != nil {
		return "", err
	}
	changes, did := compare(want, have)
	if len(changes) == 0 {
		return did, nil
	}
	done, err := admin.AlterTopicConfigs(ctx, changes, topic.Topic)
	if err == nil {
		_, err = done.On(topic.Topic, func(r *kadm.AlterConfigsResponse) error {
			return explain(r.Err, r.ErrMessage)
		})
	}
	if err != nil {
		return "", fmt.Errorf("change its settings: %w", err)
	}
	return did, awaitSettings(ctx, admin, topic.Topic, want)
}

// describe returns the settings of a topic.
func describe(ctx context.Context, admin *kadm.Client, topic string) ([]kadm.Config, error) {
	have, err := admin.DescribeTopicConfigs(ctx, topic)
	if err == nil {
		_, err = have.On(topic, func(r *kadm.ResourceConfig) error { return r.Err })
	}
	if err != nil {
		return nil, fmt.Errorf("read its settings: %w", err)
	}
	return have[0].Configs, nil
}

// awaitSettings waits until a topic has the settings. Brokers learn of a change a moment after it
// was acknowledged.
func awaitSettings(ctx context.Context, admin *kadm.Client, topic string, want []setting) error {
	for {
		have, err := describe(ctx, admin, topic)
		if err != nil {
			return err
		}
		if changes, _ := compare(want, have); len(changes) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for its changed settings: %w", ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

// refuse returns an error for changes that would break the order of events or that this program
// cannot make.
func refuse(cfg config, topic kadm.TopicDetail) error {
	var errs []error
	if n := len(topic.Partitions); cfg.partitions != 0 && cfg.partitions != n {
		errs = append(errs, fmt.Errorf("keeps its %d partitions: with %d, a user's next events would go to another partition "+
			"and overtake earlier ones", n, cfg.partitions))
	}
	if n := topic.Partitions.NumReplicas(); cfg.replication != 0 && cfg.replication != n {
		errs = append(errs, fmt.Errorf("has replication %d, not %d: move its replicas with the broker's own tools", n, cfg.replication))
	}
	return errors.Join(errs...)
}

// explain adds the broker's message to an error.
func explain(err error, message string) error {
	if err == nil || message == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, message)
}
