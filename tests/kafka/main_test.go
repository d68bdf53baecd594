//go:build kafka

// Package kafka tests behaviour that is specific to Apache Kafka: how replicas share partitions,
// take over from each other, and commit. Package scenarios tests the behaviour of all brokers,
// including Kafka.
//
// All tests share one system and inspect its consumer groups from outside. They run one after
// another, because each changes the members of the groups.
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

// arrivalTimeout is the time limit for an event to arrive. It is generous, because the machine may
// be busy with other tests.
const arrivalTimeout = 3 * time.Minute

// backlogTimeout is the time limit for catching up with a backlog.
const backlogTimeout = 5 * time.Minute

// shared is the system of all tests. It has one replica of recurring and one of notifier. Tests add
// more.
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
			"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0", "SIGNUP_PER_MINUTE": "100000", "RATE_PER_MINUTE": "0",
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

// keepLog saves the system's log to a file that outlives the tests.
func keepLog() {
	file, err := os.CreateTemp("", "taskmaster-kafka-*.log")
	if err != nil {
		fmt.Fprintln(os.Stderr, "keep log:", err)
		return
	}
	defer file.Close()
	_, _ = io.WriteString(file, shared.Tail(1<<30)+"\n")
	fmt.Fprintf(os.Stderr, "the system's log is in %s; the last lines:\n%s\n", file.Name(), shared.Tail(15))
}

// await polls f until it returns nil. It fails the test after the timeout.
func await(t *testing.T, timeout time.Duration, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var last error // the error before the timeout
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
