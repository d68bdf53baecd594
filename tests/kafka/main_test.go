// Package kafka proves what holds on Apache Kafka alone: how replicas share partitions, take over from each other, and commit.
// What holds on any broker is in package scenarios, which runs on Kafka too.
//
// All tests share one system and look into its consumer groups beside it. They run one after another, for each changes who is
// in the groups.
package kafka

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// arrival is how long anything may take to arrive somewhere. It is generous, since a test is no stopwatch: the machine may
// be busy with other tests.
const arrival = 3 * time.Minute

// aftermath is how long everything that was put off may take to be caught up with.
const aftermath = 5 * time.Minute

// shared is the system of all tests. It has one replica of recurring and notifier, beside which tests put others.
var shared struct {
	*system.System
	cluster  cluster
	webhooks *system.Webhooks
}

func TestMain(m *testing.M) {
	status, err := runShared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func runShared(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "taskmaster-kafka-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	shared.webhooks = system.ReceiveWebhooks()
	defer shared.webhooks.Close()
	shared.System, err = system.Start(context.Background(), system.Config{
		Dir: dir, Broker: "kafka", Replicas: "live=2",
		Env: map[string]string{
			"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "SIGNUP_PER_MINUTE": "100000", "RATE_PER_MINUTE": "0",
			"RATE_PER_MINUTE_USER": "0", "RATE_PER_MINUTE_ADDRESS": "0",
		},
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := shared.Stop(); err == nil {
			err = stopErr
		}
		if err != nil || status != 0 {
			keepLog()
		}
	}()
	if shared.cluster, err = newCluster(shared.System); err != nil {
		return 0, err
	}
	defer shared.cluster.Close()
	return m.Run(), nil
}

// keepLog saves the system's log where it outlives the tests.
func keepLog() {
	file, err := os.CreateTemp("", "taskmaster-kafka-*.log")
	if err != nil {
		fmt.Fprintln(os.Stderr, "keep log:", err)
		return
	}
	defer file.Close()
	_, _ = io.WriteString(file, shared.Tail(1<<30)+"\n")
	fmt.Fprintf(os.Stderr, "the system's log is in %s; it ends:\n%s\n", file.Name(), shared.Tail(15))
}

// await polls until f returns nil, and fails the test when it does not in time.
func await(t *testing.T, timeout time.Duration, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var last error // before what ended because the time was over
	err := system.Poll(ctx, func() error {
		err := f(ctx)
		if ctx.Err() == nil {
			last = err
		}
		return err
	})
	if err != nil {
		t.Fatalf("%v; before: %v", err, last)
	}
}
