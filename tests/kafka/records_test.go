//go:build kafka

package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"taskmaster/tests/system"
)

// TestEventsOfAUserLieInOrderInOnePartition checks the partition key, which is the user's ID. All
// events of a user on a topic are in one partition, ordered by revision. Users are spread over
// several partitions.
func TestEventsOfAUserLieInOrderInOnePartition(t *testing.T) {
	changes := newStream(t)
	settled(t, 1, backlogTimeout)
	allHandle(t)
	changes.stop()
	ours := map[string]bool{}
	for _, u := range changes.users {
		ours[u.ID] = true
	}

	for _, topic := range []string{system.TopicTasks, system.TopicUpdates, system.TopicReminders} {
		type place struct {
			partition int32
			revision  int64
		}
		last, used, seen := map[string]place{}, map[int32]bool{}, map[string]bool{}
		for _, r := range records(t, topic) {
			user := string(r.Key)
			var e system.Event
			if err := json.Unmarshal(r.Value, &e); err != nil || e.Data.UserID != user {
				t.Fatalf("%s: record %d of partition %d has the key %q, but its user is %q: %v", topic, r.Offset, r.Partition, user, e.Data.UserID, err)
			}
			before, ok := last[user]
			if ok && before.partition != r.Partition {
				t.Errorf("%s: user %s is in partitions %d and %d", topic, user, before.partition, r.Partition)
			}
			if seen[e.ID] { // an event is published again if its publication was not recorded
				continue
			}
			seen[e.ID] = true
			// Reminders are ordered by time.
			if topic != system.TopicReminders && e.Data.Revision != before.revision+1 {
				t.Errorf("%s: revision %d of user %s follows %d", topic, e.Data.Revision, user, before.revision)
			}
			last[user] = place{r.Partition, e.Data.Revision}
			used[r.Partition] = true
		}
		for user := range ours {
			if _, ok := last[user]; !ok {
				t.Errorf("%s has no event of user %s", topic, user)
			}
		}
		if len(used) < 2 {
			t.Errorf("%s uses only the partitions %v", topic, used)
		}
		t.Logf("%s: %d users in %d partitions", topic, len(last), len(used))
	}
}

// records reads a topic from its start to its end, each partition in order.
func records(t *testing.T, topic string) []*kgo.Record {
	t.Helper()
	ends, err := shared.cluster.ends(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := int64(0)
	for _, end := range ends {
		left += end
	}
	client, err := kgo.NewClient(append(shared.cluster.connect, kgo.ConsumeTopics(topic))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), arrivalTimeout)
	defer cancel()
	var all []*kgo.Record
	for int64(len(all)) < left {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatal(fmt.Errorf("read %s after %d records of %d: %w", topic, len(all), left, err))
		}
		all = append(all, fetched.Records()...)
	}
	return all
}
