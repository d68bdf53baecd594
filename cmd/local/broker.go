package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// broker is one that the system can run on. All that differs between brokers is here and in their components' folders.
type broker interface {
	// external says whether the user brought a broker; then none is started.
	external(getenv func(string) string) bool
	// prepare makes what starting needs: programs and files. Its error names what this machine lacks, and the way out.
	prepare(ctx context.Context, p plan, log *lines) error
	// spec is the program to run. It is called after prepare, and not for an external one.
	spec(p plan) spec
	// ready makes sure of the topics, and so succeeds once the broker can be used. It is called again until it does.
	ready(ctx context.Context, p plan) error
	// secrets are what the components refer to, in the shape of Kubernetes secrets: name, then key.
	secrets(p plan) map[string]map[string]string
}

// brokers lists those that -broker chooses from. The name is also that of the folder of a broker's components.
var brokers = []struct {
	name string
	broker
}{
	{"nats", natsBroker{}},
	{"kafka", kafkaBroker{}},
	{"kafka-plaintext", kafkaBroker{plaintext: true}},
	{"rabbitmq", rabbitBroker{}},
	{"redis", redisBroker{}},
}

func brokerNames() string {
	var names []string
	for _, b := range brokers {
		names = append(names, b.name)
	}
	return strings.Join(names, ", ")
}

func findBroker(name string) (broker, error) {
	for _, b := range brokers {
		if b.name == name {
			return b.broker, nil
		}
	}
	return nil, fmt.Errorf("-broker: there is no broker %q, only %s", name, brokerNames())
}

// fetch gets what a broker needs from elsewhere, so that preparing it does not have to. An external one needs nothing.
func fetch(ctx context.Context, cfg config, log *lines) error {
	b, ok := cfg.broker.(interface {
		fetch(ctx context.Context, root string, log *lines) error
	})
	if !ok || cfg.broker.external(cfg.getenv) {
		return nil
	}
	return b.fetch(ctx, cfg.root, log)
}

// topics that services publish to.
var topics = []string{"task-events", "reminders", "task-updates", "dead-letters"}

// brokerDir is where the broker keeps its data. Each has a folder of its own, so that changing the broker loses nothing.
func (p plan) brokerDir() string {
	if p.cfg.brokerName == "nats" {
		return filepath.Join(p.cfg.dir, "broker")
	}
	return filepath.Join(p.cfg.dir, p.cfg.brokerName)
}

// brokerAddress is where sidecars reach the broker that is started: where it listens on its first port, or with -broker-at
// what stands before that. A broker that tells its clients where it is has to tell them this.
func (p plan) brokerAddress() string {
	return cmp.Or(p.cfg.brokerAt, loopback("", p.layout.broker))
}

// startBroker starts the broker, unless the user brought one. It does not wait for it (awaitBroker).
func (s *system) startBroker(ctx, life context.Context) error {
	b := s.cfg.broker
	if err := b.prepare(ctx, s.plan, s.log); err != nil {
		return fmt.Errorf("broker %s: %w", s.cfg.brokerName, err)
	}
	if err := s.writeDaprSecrets(); err != nil { // they may be of what was prepared
		return err
	}
	if !b.external(s.cfg.getenv) {
		if err := os.MkdirAll(s.brokerDir(), 0o700); err != nil {
			return err
		}
		s.broker = s.program(b.spec(s.plan), processState{Name: "broker", Role: "broker", Replica: 1, Address: loopback("", s.layout.broker)})
		return s.launch(life, s.broker)
	}
	return nil
}
