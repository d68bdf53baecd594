package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// creation is the outcome for the topics that were missing.
type creation struct {
	did    string
	failed map[string]error // by topic
}

// create creates topics with one request. An interrupted run has created all or none.
func create(ctx context.Context, admin *kadm.Client, cfg config, missing []string) (creation, error) {
	if len(missing) == 0 {
		return creation{}, nil
	}
	partitions, replication := cfg.partitions, cfg.replication
	if partitions == 0 || replication == 0 {
		brokers, err := admin.ListBrokers(ctx)
		if err != nil {
			return creation{}, fmt.Errorf("count brokers: %w", err)
		}
		partitions = cmp.Or(partitions, min(defaultPartitions, partitionsPerBroker*len(brokers)))
		replication = cmp.Or(replication, min(defaultReplication, len(brokers)))
	}
	configs := map[string]*string{}
	for _, s := range settings(cfg, replication) {
		configs[s.name] = &s.value
	}
	// The flags were checked against the range.
	answers, err := admin.CreateTopics(ctx, int32(partitions), int16(replication), configs, missing...) //nolint:gosec // see above
	if err != nil {
		return creation{}, fmt.Errorf("create topics: %w", err)
	}
	created := creation{
		did:    fmt.Sprintf("created with %d partitions, replication %d, retention %v", partitions, replication, cfg.retention),
		failed: map[string]error{},
	}
	for topic, answer := range answers {
		if err := explain(answer.Err, answer.ErrMessage); err != nil {
			created.failed[topic] = fmt.Errorf("create the topic: %w", err)
		}
	}
	wanted := slices.DeleteFunc(slices.Clone(missing), func(topic string) bool { return created.failed[topic] != nil })
	return created, awaitTopics(ctx, admin, wanted)
}

// pollInterval is the wait between two polls for created or changed topics.
const pollInterval = 100 * time.Millisecond

// awaitTopics waits until programs can use the topics. Brokers learn of new topics a moment after
// they were created.
func awaitTopics(ctx context.Context, admin *kadm.Client, wanted []string) error {
	for len(wanted) > 0 {
		have, err := admin.ListTopics(ctx, wanted...)
		if err != nil {
			return fmt.Errorf("list new topics: %w", err)
		}
		wanted = slices.DeleteFunc(wanted, func(topic string) bool {
			led := have.Has(topic) && len(have[topic].Partitions) > 0
			for _, p := range have[topic].Partitions {
				led = led && p.Err == nil
			}
			return led
		})
		if len(wanted) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", strings.Join(wanted, ", "), ctx.Err())
		case <-time.After(pollInterval):
		}
	}
	return nil
}
