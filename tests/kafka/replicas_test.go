//go:build kafka

package kafka

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

// topics holds the topics of the services whose replicas share events, by consumer group.
var topics = map[string]string{"recurring": system.TopicTasks, "notifier": system.TopicReminders}

// replicas holds an additional replica of each of these services, by consumer group.
type replicas map[string]*system.Replica

// addReplicas starts additional replicas with the given number.
func addReplicas(t *testing.T, number int, front func(group string, service http.Handler) http.Handler) replicas {
	t.Helper()
	added := replicas{}
	for group := range topics {
		var through func(http.Handler) http.Handler
		if front != nil {
			through = func(service http.Handler) http.Handler { return front(group, service) }
		}
		r, err := shared.AddReplica(t.Context(), group, number, through)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		added[group] = r
	}
	return added
}

// members holds the member IDs of each group.
type members map[string][]string

// settled waits until each group has the given number of members and shares all partitions evenly.
// It returns the members.
func settled(t *testing.T, number int, timeout time.Duration) members {
	t.Helper()
	found := members{}
	for group, topic := range topics {
		await(t, timeout, func(ctx context.Context) error {
			shares, err := shared.cluster.shares(ctx, group, topic)
			if err != nil {
				return err
			}
			if len(shares) != number {
				return fmt.Errorf("group %s has members %v, want %d", group, shares, number)
			}
			found[group] = nil
			least, most := len(shares)*1000, 0
			for id, partitions := range shares {
				found[group] = append(found[group], id)
				least, most = min(least, len(partitions)), max(most, len(partitions))
			}
			if least == 0 || most > least+1 {
				return fmt.Errorf("group %s shares unevenly: %v", group, shares)
			}
			return nil
		})
	}
	return found
}

// allHandle waits until every member of each group has committed an offset since the call. Only the
// member that owns a partition can commit it.
func allHandle(t *testing.T) {
	t.Helper()
	for group, topic := range topics {
		before, err := shared.cluster.committed(t.Context(), group, topic)
		if err != nil {
			t.Fatal(err)
		}
		await(t, arrivalTimeout, func(ctx context.Context) error {
			shares, err := shared.cluster.shares(ctx, group, topic)
			if err != nil {
				return err
			}
			now, err := shared.cluster.committed(ctx, group, topic)
			if err != nil {
				return err
			}
			ends, err := shared.cluster.ends(ctx, topic)
			if err != nil {
				return err
			}
			for id, partitions := range shares {
				if !slices.ContainsFunc(partitions, func(p int32) bool { return now[p] > before[p] }) {
					return fmt.Errorf("group %s: %s has handled nothing of its partitions %v: committed before %v, now %v of %v", group, id, partitions, before, now, ends)
				}
			}
			return nil
		})
	}
}

// gone returns an error while a group has any of the members.
func gone(ctx context.Context, group string, ids []string) error {
	described, err := shared.cluster.DescribeGroups(ctx, group)
	if err != nil {
		return err
	}
	for _, m := range described[group].Members {
		if slices.Contains(ids, m.MemberID) {
			return fmt.Errorf("group %s still has %s", group, m.MemberID)
		}
	}
	return described[group].Err
}

// TestReplicasShareAndLeave checks that two replicas share the partitions, and that a third gets
// its share under load. A replica that stops in order hands over its share at once. No event is
// lost or handled twice.
func TestReplicasShareAndLeave(t *testing.T) {
	first := settled(t, 1, backlogTimeout)
	changes := newStream(t)
	addReplicas(t, 2, nil)
	second := settled(t, 2, arrivalTimeout)
	allHandle(t)

	third := addReplicas(t, 3, nil)
	all := settled(t, 3, arrivalTimeout)
	allHandle(t)

	for group, r := range third {
		newest := slices.DeleteFunc(all[group], func(id string) bool {
			return slices.Contains(first[group], id) || slices.Contains(second[group], id)
		})
		if len(newest) != 1 {
			t.Errorf("group %s: members other than the first two are %v, want one", group, newest)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := gone(t.Context(), group, newest); err != nil {
			t.Error(err)
		}
	}
	settled(t, 2, arrivalTimeout)
	allHandle(t)
	changes.stop()

	for group := range topics {
		described, err := shared.cluster.DescribeGroups(t.Context(), group)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := described[group].Protocol, setting(t, "consumerGroupRebalanceStrategy"); got != want {
			t.Errorf("group %s shares by %q, want %q", group, got, want)
		}
	}
}

// TestDeadReplicaIsTakenOverFrom kills one of two replicas. The other takes over all partitions
// after the component's session timeout. The dead replica comes back and gets its share again.
func TestDeadReplicaIsTakenOverFrom(t *testing.T) {
	for name, kill := range map[string]func(*system.Replica){
		"the sidecar":       (*system.Replica).KillSidecar,
		"the whole replica": func(r *system.Replica) { r.KillSidecar(); r.KillService() },
	} {
		t.Run(name, func(t *testing.T) {
			settled(t, 1, backlogTimeout)
			changes := newStream(t)
			others := addReplicas(t, 2, nil)
			settled(t, 2, arrivalTimeout)
			allHandle(t)

			began := time.Now()
			for _, r := range others {
				kill(r)
			}
			settled(t, 1, takeover(t))
			t.Logf("taken over after %s, with a session timeout of %s", time.Since(began).Round(100*time.Millisecond), setting(t, "sessionTimeout"))
			allHandle(t)

			var back errgroup.Group
			for _, r := range others {
				back.Go(func() error { return r.Start(t.Context()) })
			}
			if err := back.Wait(); err != nil {
				t.Fatal(err)
			}
			settled(t, 2, arrivalTimeout)
			allHandle(t)
			changes.stop()
		})
	}
}

// TestEventsWaitForAServiceThatDiedAlone kills a service but not its sidecar. The sidecar retries
// its current events and stays in the group. These events and all behind them wait for the service
// to come back. None is lost or handled twice.
func TestEventsWaitForAServiceThatDiedAlone(t *testing.T) {
	settled(t, 1, backlogTimeout)
	changes := newStream(t)
	others := addReplicas(t, 2, nil)
	settled(t, 2, arrivalTimeout)
	allHandle(t)
	for _, r := range others {
		r.KillService()
	}
	// Long enough for the sidecars to notice.
	changes.waitForChanges(3)
	for _, r := range others {
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, 2, arrivalTimeout)
	allHandle(t)
	changes.stop()
}
