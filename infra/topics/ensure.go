package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"

	"taskmaster/services/event"
)

var topics = []string{event.TopicTasks, event.TopicReminders, event.TopicUpdates, event.TopicDeadLetters}

// ensure makes the topics that are missing and changes the settings of the others, where that loses nothing. It goes on
// after a topic that it cannot do, and reports all of them.
func ensure(ctx context.Context, admin *kadm.Client, cfg config, out io.Writer) error {
	have, err := admin.ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	var errs []error
	for _, topic := range topics {
		did := ""
		switch detail := have[topic]; {
		case !have.Has(topic):
			did, err = create(ctx, admin, cfg, topic)
		case detail.Err != nil:
			err = detail.Err
		default:
			did, err = update(ctx, admin, cfg, detail)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", topic, err))
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", topic, did)
	}
	return errors.Join(errs...)
}

// create makes a topic and returns what it did.
func create(ctx context.Context, admin *kadm.Client, cfg config, topic string) (string, error) {
	partitions, replication := cfg.partitions, cfg.replication
	if partitions == 0 {
		partitions = defaultPartitions
	}
	if replication == 0 {
		brokers, err := admin.ListBrokers(ctx)
		if err != nil {
			return "", fmt.Errorf("count brokers: %w", err)
		}
		replication = min(defaultReplication, len(brokers))
	}
	configs := map[string]*string{}
	for _, s := range settings(cfg, replication) {
		configs[s.name] = &s.value
	}
	// The range was checked when they were read.
	made, err := admin.CreateTopic(ctx, int32(partitions), int16(replication), configs, topic) //nolint:gosec // see above
	if err != nil {
		if made.ErrMessage != "" {
			err = fmt.Errorf("%w: %s", err, made.ErrMessage)
		}
		return "", fmt.Errorf("make it: %w", err)
	}
	return fmt.Sprintf("made, with %d partitions, replication %d, retention %v", partitions, replication, cfg.retention), nil
}

// update changes what differs from the wanted settings, and returns what it did.
func update(ctx context.Context, admin *kadm.Client, cfg config, topic kadm.TopicDetail) (string, error) {
	if err := refuse(cfg, topic); err != nil {
		return "", err
	}
	have, err := admin.DescribeTopicConfigs(ctx, topic.Topic)
	if err == nil {
		_, err = have.On(topic.Topic, func(r *kadm.ResourceConfig) error { return r.Err })
	}
	if err != nil {
		return "", fmt.Errorf("read its settings: %w", err)
	}
	changes, did := compare(settings(cfg, topic.Partitions.NumReplicas()), have[0].Configs)
	if len(changes) == 0 {
		return did, nil
	}
	done, err := admin.AlterTopicConfigs(ctx, changes, topic.Topic)
	if err == nil {
		_, err = done.On(topic.Topic, func(r *kadm.AlterConfigsResponse) error {
			if r.Err != nil && r.ErrMessage != "" {
				return fmt.Errorf("%w: %s", r.Err, r.ErrMessage)
			}
			return r.Err
		})
	}
	if err != nil {
		return "", fmt.Errorf("change its settings: %w", err)
	}
	return did, nil
}

// refuse returns an error for what would break the order of events, or cannot be done here.
func refuse(cfg config, topic kadm.TopicDetail) error {
	var errs []error
	if n := len(topic.Partitions); cfg.partitions != 0 && cfg.partitions != n {
		errs = append(errs, fmt.Errorf("has %d partitions and keeps them: with %d, a user's events would go to another partition than those "+
			"before them, and overtake them", n, cfg.partitions))
	}
	if n := topic.Partitions.NumReplicas(); cfg.replication != 0 && cfg.replication != n {
		errs = append(errs, fmt.Errorf("has replication %d, not %s: move its replicas with the broker's own tools", n, strconv.Itoa(cfg.replication)))
	}
	return errors.Join(errs...)
}
