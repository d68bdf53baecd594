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

// creation is what became of the topics that were missing.
type creation struct {
	did    string
	failed map[string]error // by topic
}

// create makes topics with one request, so that whoever is cut off has made all or none.
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
	// The range was checked when they were read.
	answers, err := admin.CreateTopics(ctx, int32(partitions), int16(replication), configs, missing...) //nolint:gosec // see above
	if err != nil {
		return creation{}, fmt.Errorf("make topics: %w", err)
	}
	made := creation{
		did:    fmt.Sprintf("made, with %d partitions, replication %d, retention %v", partitions, replication, cfg.retention),
		failed: map[string]error{},
	}
	for topic, answer := range answers {
		if err := explain(answer.Err, answer.ErrMessage); err != nil {
			made.failed[topic] = fmt.Errorf("make it: %w", err)
		}
	}
	wanted := slices.DeleteFunc(slices.Clone(missing), func(topic string) bool { return made.failed[topic] != nil })
	return made, awaitTopics(ctx, admin, wanted)
}

// lookPause is how long to wait before looking again for what was made or changed.
const lookPause = 100 * time.Millisecond

// awaitTopics returns when programs can use the topics: brokers hear of new ones a moment after they were made.
func awaitTopics(ctx context.Context, admin *kadm.Client, wanted []string) error {
	for len(wanted) > 0 {
		have, err := admin.ListTopics(ctx, wanted...)
		if err != nil {
			return fmt.Errorf("look for new topics: %w", err)
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
		case <-time.After(lookPause):
		}
	}
	return nil
}
