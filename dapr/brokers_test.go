package dapr

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// brokerRules are settings of a broker's components that prevent the loss of events: settings of
// both components, and of each alone. "longer" names the redelivery timeout. It must be longer than
// a delivery may take, so that a running delivery is not repeated.
var brokerRules = map[string]struct {
	kind              string
	both              map[string]string
	shared, broadcast map[string]string
	longer            string
}{
	"kafka": {
		kind:      "pubsub.kafka",
		shared:    map[string]string{"consumerGroup": "{appID}", "initialOffset": "oldest", "producerRequiredAcks": "all"},
		broadcast: map[string]string{"consumerGroup": "{podName}"},
	},
	"kafka-plaintext": {
		kind:      "pubsub.kafka",
		shared:    map[string]string{"consumerGroup": "{appID}", "initialOffset": "oldest", "producerRequiredAcks": "all"},
		broadcast: map[string]string{"consumerGroup": "{podName}"},
	},
	"nats": {
		kind: "pubsub.jetstream",
		// Concurrency "parallel" acknowledges events before they are handled.
		both:      map[string]string{"ackPolicy": "explicit", "concurrency": "single"},
		shared:    map[string]string{"durableName": "{appID}", "queueGroupName": "{appID}", "deliverPolicy": "all"},
		broadcast: map[string]string{"durableName": "{podName}", "queueGroupName": "{podName}"},
		longer:    "ackWait",
	},
	"rabbitmq": {
		kind: "pubsub.rabbitmq",
		both: map[string]string{
			"durable": "true", "deletedWhenUnused": "false", "deliveryMode": "2", "publisherConfirm": "true",
			"autoAck": "false", "requeueInFailure": "true", "concurrency": "single",
		},
		shared:    map[string]string{"consumerID": "{appID}"},
		broadcast: map[string]string{"consumerID": "{podName}"},
	},
	"redis": {
		kind:      "pubsub.redis",
		both:      map[string]string{"concurrency": "1", "redeliverInterval": "5s", "streamTTL": "168h", "poolSize": "10"},
		shared:    map[string]string{"consumerID": "{appID}"},
		broadcast: map[string]string{"consumerID": "{podName}"},
		longer:    "processingTimeout",
	},
}

// brokerFolders returns the folders of components.
func brokerFolders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("components")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// topicScopes are what each app may publish and receive through each component.
var topicScopes = map[string]map[string]string{
	"kafka-pubsub": {
		"publishingScopes":   "api=task-events,task-updates,reminders;recurring=dead-letters;notifier=dead-letters",
		"subscriptionScopes": "api=dead-letters;recurring=task-events;notifier=reminders",
	},
	"kafka-pubsub-broadcast": {"publishingScopes": "live=dead-letters", "subscriptionScopes": "live=task-updates"},
}

// TestBrokersOfferTheSameComponents checks that switching the broker only switches the folder of
// components.
func TestBrokersOfferTheSameComponents(t *testing.T) {
	t.Parallel()
	if got, want := brokerFolders(t), slices.Sorted(maps.Keys(brokerRules)); !slices.Equal(got, want) {
		t.Errorf("folders exist for %v, rules for %v", got, want)
	}
	wantScopes := map[string][]string{
		"kafka-pubsub":           {"api", "recurring", "notifier"},
		"kafka-pubsub-broadcast": {"live"},
	}
	for _, broker := range brokerFolders(t) {
		components := readAll[component](t, filepath.Join("components", broker, "*.yaml"))
		if len(components) != len(wantScopes) {
			t.Errorf("%s has %d components, want %d", broker, len(components), len(wantScopes))
		}
		for name, c := range components {
			if c.Metadata.Name != name {
				t.Errorf("%s/%s.yaml: name %q", broker, name, c.Metadata.Name)
			}
			if !slices.Equal(c.Scopes, wantScopes[name]) {
				t.Errorf("%s/%s.yaml: scopes %v, want %v", broker, name, c.Scopes, wantScopes[name])
			}
			for setting, want := range topicScopes[name] {
				if got := c.value(setting); got != want {
					t.Errorf("%s/%s.yaml: %s is %q, want %q", broker, name, setting, got, want)
				}
			}
			if want := brokerRules[broker].kind; c.Spec.Type != want || c.Spec.Version != "v1" {
				t.Errorf("%s/%s.yaml: type %s %s, want %s v1", broker, name, c.Spec.Type, c.Spec.Version, want)
			}
		}
	}
}

func TestComponentsLoseNothing(t *testing.T) {
	t.Parallel()
	policies := read[resiliency](t, "resiliency/taskmaster.yaml").Spec
	for broker, rules := range brokerRules {
		for name, own := range map[string]map[string]string{"kafka-pubsub": rules.shared, "kafka-pubsub-broadcast": rules.broadcast} {
			c := read[component](t, filepath.Join("components", broker, name+".yaml"))
			want := maps.Clone(own)
			maps.Copy(want, rules.both)
			for setting, value := range want {
				if got := c.value(setting); got != value {
					t.Errorf("%s/%s.yaml: %s is %q, want %q", broker, name, setting, got, value)
				}
			}
			if rules.longer == "" {
				continue
			}
			deliver, err := time.ParseDuration(policies.Policies.Timeouts[policies.Targets.Components[name].Inbound.Timeout])
			if err != nil {
				t.Fatal(err)
			}
			again, err := time.ParseDuration(c.value(rules.longer))
			if err != nil || again <= deliver {
				t.Errorf("%s/%s.yaml: %s is %v (%v), not longer than the delivery timeout %v", broker, name, rules.longer, again, err, deliver)
			}
		}
	}
}
