package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// kafkaClient matches the modules of Go's Kafka clients.
var kafkaClient = regexp.MustCompile(`kafka|sarama|franz-go|goka\b`)

// TestOneKafkaClientAndNoneInServices checks the imports of Kafka clients. Services reach any
// broker through their sidecars. Only the topic tool and the tests that inspect Kafka import a
// client, and all use the same one.
func TestOneKafkaClientAndNoneInServices(t *testing.T) {
	t.Parallel()
	for path, module := range dependencies(t, "./...") {
		if kafkaClient.MatchString(module) && !strings.HasPrefix(module, "github.com/twmb/franz-go") {
			t.Errorf("%s belongs to another Kafka client, %s", path, module)
		}
	}
	for path, module := range dependencies(t, "./services/...") {
		if kafkaClient.MatchString(module) {
			t.Errorf("services import %s of %s", path, module)
		}
	}
	if dependencies(t, "./infra/topics")["github.com/twmb/franz-go/pkg/kadm"] == "" {
		t.Error("the Kafka client of this program was not found")
	}
}

// dependencies returns the packages of other modules that packages and their tests import, with
// their modules.
func dependencies(t *testing.T, packages string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-test", "-tags=brokers,cluster,kafka", "-json=ImportPath,Module", packages)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Module     *struct{ Path string }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && p.Module.Path != "taskmaster" {
			all[p.ImportPath] = p.Module.Path
		}
	}
}
