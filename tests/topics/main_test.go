//go:build kafka

// Package topics tests the program infra/topics on a real Kafka, on both of its listeners. One has
// TLS and SCRAM, like hosted Kafka and Redpanda, and the other has neither.
package topics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"taskmaster/tests/system"
)

// names are the names of the topics that programs rely on.
var names = []string{system.TopicTasks, system.TopicReminders, system.TopicUpdates, system.TopicDeadLetters}

// kafka is the broker of all tests.
var kafka struct {
	secure, plaintext access
	admin             *kadm.Client
}

// access holds the addresses and the environment variables to reach the broker.
type access struct {
	brokers string
	env     []string
}

func TestMain(m *testing.M) {
	status, err := runKafka(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func runKafka(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "taskmaster-topics-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s, err := system.Start(context.Background(), system.Config{Dir: dir, Broker: "kafka", Args: []string{"-services", ""}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()

	var secrets struct {
		Kafka struct {
			Brokers, Plaintext, Username, Password string
			CA                                     string `json:"ca.crt"`
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "dapr", "secrets.json"))
	if err == nil {
		err = json.Unmarshal(b, &secrets)
	}
	ca := filepath.Join(dir, "ca.crt")
	if err = errors.Join(err, os.WriteFile(ca, []byte(secrets.Kafka.CA), 0o600)); err != nil {
		return 0, err
	}
	kafka.plaintext = access{brokers: secrets.Kafka.Plaintext}
	kafka.secure = access{secrets.Kafka.Brokers, []string{
		"KAFKA_USERNAME=" + secrets.Kafka.Username, "KAFKA_PASSWORD=" + secrets.Kafka.Password, "KAFKA_CA_FILE=" + ca,
	}}
	client, err := kgo.NewClient(kgo.SeedBrokers(secrets.Kafka.Plaintext), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	kafka.admin = kadm.NewClient(client)
	return m.Run(), nil
}

// run runs the program and returns its exit status and output lines.
func run(t *testing.T, a access, args ...string) (status int, out, errs []string) {
	t.Helper()
	program, err := system.Bin("topics")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"-brokers", a.brokers}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append([]string{"PATH=" + os.Getenv("PATH")}, a.env...), &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), lines(stdout), lines(stderr)
}

func lines(b bytes.Buffer) []string {
	return strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\n' })
}
