//go:build kafka

package topics

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestTopics creates topics and then changes them. Each step depends on the one before it.
func TestTopics(t *testing.T) {
	for name, a := range map[string]access{"TLS and SCRAM": kafka.secure, "plaintext": kafka.plaintext} {
		t.Run(name, func(t *testing.T) {
			forget(t)
			expect(t, a, nil, "created with 6 partitions, replication 1, retention 168h0m0s", "-partitions", "6")
			for _, topic := range names {
				if got := partitions(t, topic); got != 6 {
					t.Errorf("%s has %d partitions, want 6", topic, got)
				}
			}
			check(t, map[string]string{
				"retention.ms": "604800000", "retention.bytes": "-1", "cleanup.policy": "delete", "min.insync.replicas": "1",
			})

			expect(t, a, nil, "is up to date")
			expect(t, a, nil, "is up to date", "-partitions", "6", "-replication", "1")

			expect(t, a, nil, "retention 240h0m0s, was 168h0m0s", "-retention", "240h")
			check(t, map[string]string{"retention.ms": "864000000"})
			expect(t, a, nil, "keeps its longer retention of 240h0m0s")

			// Another program has changed settings so that events would be lost.
			set(t, "cleanup.policy", "compact")
			set(t, "retention.ms", "3600000")
			expect(t, a, nil, "cleanup.policy delete, was compact; retention 168h0m0s, was 1h0m0s")
			check(t, map[string]string{"retention.ms": "604800000", "cleanup.policy": "delete"})

			// Any other number of partitions would break the order of events, a larger one too.
			for _, n := range []string{"3", "12"} {
				expect(t, a, []string{"keeps its 6 partitions"}, "", "-partitions", n)
			}
			expect(t, a, []string{"replication 1, not 2"}, "", "-replication", "2")
			for _, topic := range names {
				if got := partitions(t, topic); got != 6 {
					t.Errorf("%s has %d partitions, want 6", topic, got)
				}
			}

			// A missing topic is created without touching the others.
			if _, err := kafka.admin.DeleteTopics(t.Context(), names[0]); err != nil {
				t.Fatal(err)
			}
			gone(t, names[0])
			status, out, errs := run(t, a)
			if status != 0 || len(errs) != 0 {
				t.Errorf("status %d, errors %q", status, errs)
			}
			if !strings.Contains(out[0], "created with 4 partitions") || !strings.HasSuffix(out[1], "is up to date") {
				t.Errorf("got %q, want the missing topic created and the others left alone", out)
			}
		})
	}
}

// TestMoreCopiesThanBrokers checks that a topic cannot have more copies than there are brokers.
func TestMoreCopiesThanBrokers(t *testing.T) {
	forget(t)
	expect(t, kafka.plaintext, []string{"create the topic", "replication factor"}, "", "-replication", "3")
}

// expect runs the program, which must print the same for each topic: its action, or the reason of a
// refusal.
func expect(t *testing.T, a access, refusal []string, did string, args ...string) {
	t.Helper()
	status, out, errs := run(t, a, args...)
	lines, want := out, []string{did}
	if refusal != nil {
		lines, want = errs, refusal
	}
	if (status != 0) != (refusal != nil) || len(out)+len(errs) != len(names) || len(lines) != len(names) {
		t.Fatalf("%v: status %d, %q, %q", args, status, out, errs)
	}
	for i, topic := range names {
		for _, want := range append(want, topic+": ") {
			if !strings.Contains(strings.ToLower(lines[i]), want) {
				t.Errorf("%v: %q, want %q of %s", args, lines[i], want, topic)
			}
		}
	}
}

// forget deletes the topics.
func forget(t *testing.T) {
	t.Helper()
	if _, err := kafka.admin.DeleteTopics(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
	gone(t, names...)
}

// gone waits until the broker has removed deleted topics.
func gone(t *testing.T, topics ...string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		have, err := kafka.admin.ListTopics(t.Context(), topics...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(topics, have.Has) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("topics %v are still there", topics)
		}
	}
}

func partitions(t *testing.T, topic string) int {
	t.Helper()
	have, err := kafka.admin.ListTopics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return len(have[topic].Partitions)
}

// check compares settings of every topic.
func check(t *testing.T, want map[string]string) {
	t.Helper()
	for _, difference := range differences(t, want) {
		t.Error(difference)
	}
}

// differences returns the settings that differ from the wanted ones.
func differences(t *testing.T, want map[string]string) []string {
	t.Helper()
	all, err := kafka.admin.DescribeTopicConfigs(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, topic := range all {
		for name, value := range want {
			i := slices.IndexFunc(topic.Configs, func(c kadm.Config) bool { return c.Key == name })
			if i < 0 || topic.Configs[i].MaybeValue() != value {
				found = append(found, topic.Name+": "+name+" is not "+value)
			}
		}
	}
	return found
}

// set changes a setting of every topic and waits until the broker reports it.
func set(t *testing.T, name, value string) {
	t.Helper()
	done, err := kafka.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range done {
		if topic.Err != nil {
			t.Fatal(topic.Err)
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		missing := differences(t, map[string]string{name: value})
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(missing)
		}
	}
}
