//go:build kafka

package kafka

import (
	"testing"

	"taskmaster/tests/system"
)

// TestPublishedEventsAreOnDisk checks the settings of a local Kafka. It writes an event to disk
// before it acknowledges it and keeps it for a week. A test cannot cut the power, so it checks
// Kafka's settings.
func TestPublishedEventsAreOnDisk(t *testing.T) {
	topics := []string{system.TopicTasks, system.TopicReminders, system.TopicUpdates}
	configs, err := shared.cluster.DescribeTopicConfigs(t.Context(), topics...)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		c, err := configs.On(topic, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, entry := range c.Configs {
			got[entry.Key] = entry.MaybeValue()
		}
		for key, want := range map[string]string{"flush.messages": "1", "retention.ms": "604800000", "cleanup.policy": "delete"} {
			if got[key] != want {
				t.Errorf("%s of %s is %q, want %s", key, topic, got[key], want)
			}
		}
	}
}
