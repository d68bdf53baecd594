package kafka

import (
	"testing"

	"taskmaster/tests/system"
)

// A Kafka that was started here has each event on its disk before it counts as published, and keeps it for a week. Nobody can
// take the power away in a test, so this asks Kafka by which rules it works.
func TestWhatIsPublishedIsOnTheDisk(t *testing.T) {
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
