//go:build kafka

package kafka

import (
	"context"
	"fmt"
	"testing"

	"taskmaster/tests/system"
)

// TestEveryReplicaOfLiveHasAGroupOfItsOwn checks that every replica of live gets every event. Each
// one has its own group, named after its pod. Kafka deletes the group of a removed pod after a week
// (offsets.retention.minutes). Retention of a topic depends on no group.
func TestEveryReplicaOfLiveHasAGroupOfItsOwn(t *testing.T) {
	added, err := shared.AddReplica(t.Context(), "live", 9, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer added.Close()
	replicas := map[string]string{added.Name: added.URL} // by pod
	for number, pod := range []string{"live", "live-2"} {
		p, err := shared.Process(system.RoleService, "live", number+1)
		if err != nil {
			t.Fatal(err)
		}
		replicas[pod] = "http://" + p.Address
	}

	p := newUsers(t, 1)[0]
	ids := map[string][]string{}
	for pod, url := range replicas {
		await(t, arrivalTimeout, func(ctx context.Context) error {
			shares, err := shared.cluster.shares(ctx, pod, system.TopicUpdates)
			if err == nil && len(shares) != 1 {
				err = fmt.Errorf("group %s has the members %v, want one", pod, shares)
			}
			for id := range shares {
				ids[pod] = []string{id}
			}
			return err
		})
		socket, err := p.Watch(t.Context(), url, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		// A new group starts with new events.
		await(t, arrivalTimeout, func(ctx context.Context) error {
			if err := p.completeRecurring(ctx); err != nil {
				return err
			}
			if len(socket.Inbox.All()) == 0 {
				return fmt.Errorf("%s has delivered nothing", pod)
			}
			return nil
		})
	}

	if err := added.Close(); err != nil {
		t.Error(err)
	}
	if err := gone(t.Context(), added.Name, ids[added.Name]); err != nil {
		t.Error(err)
	}
}
