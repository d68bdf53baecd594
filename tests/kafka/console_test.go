//go:build kafka

package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// TestConsoleConsumer reads a topic with Kafka's console consumer and the client file of `make run`.
// Every event that is in the topic has to come out.
func TestConsoleConsumer(t *testing.T) {
	u := newUsers(t, 1)[0]
	if err := u.completeRecurring(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want []string
	await(t, arrivalTimeout, func(context.Context) error {
		want = nil
		for _, r := range records(t, system.TopicTasks) {
			var e system.Event
			if err := json.Unmarshal(r.Value, &e); err == nil && e.Data.UserID == u.ID {
				want = append(want, e.ID)
			}
		}
		if len(want) < 3 { // created, completed, and the next occurrence
			return fmt.Errorf("the topic has %d events of the user", len(want))
		}
		return nil
	})

	file := filepath.Join(shared.Dir, "kafka", "client.properties")
	properties, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	brokers := regexp.MustCompile(`(?m)^bootstrap.servers=(.*)$`).FindSubmatch(properties)
	if brokers == nil {
		t.Fatalf("%s names no broker", file)
	}
	ctx, cancel := context.WithTimeout(t.Context(), arrivalTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "java", "-cp", toolsPath(t), "org.apache.kafka.tools.consumer.ConsoleConsumer",
		"--bootstrap-server", string(brokers[1]), "--consumer.config", file, "--topic", system.TopicTasks, "--from-beginning",
		"--max-messages", strconv.Itoa(len(records(t, system.TopicTasks))))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, id := range want {
		if !strings.Contains(string(out), `"id":"`+id+`"`) {
			t.Errorf("the console consumer did not print event %s", id)
		}
	}
}

// toolsPath returns the Java class path of Kafka's tools. The server's libraries are fetched with the
// server. Maven fetches the rest.
func toolsPath(t *testing.T) string {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	servers, err := filepath.Glob(filepath.Join(root, ".local", "kafka-*", "libs", "kafka-clients-*.jar"))
	if err != nil || len(servers) == 0 {
		t.Fatalf("find the libraries of Kafka: %v", err)
	}
	clients := servers[len(servers)-1]
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(clients), "kafka-clients-"), ".jar")
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
		"-Dartifact=org.apache.kafka:kafka-tools:"+version, "-DoutputDirectory="+dir)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("fetch the tools of Kafka: %v: %s", err, out)
	}
	return filepath.Join(dir, "*") + string(os.PathListSeparator) + filepath.Join(filepath.Dir(clients), "*")
}
