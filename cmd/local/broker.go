package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/broker/kafka"
	"taskmaster/cmd/local/broker/nats"
	"taskmaster/cmd/local/broker/rabbitmq"
	"taskmaster/cmd/local/broker/redis"
	"taskmaster/cmd/local/console"
	"taskmaster/cmd/local/supervise"
)

// eventBroker is a broker that the system runs on. The differences between brokers are in its
// implementations and in the folders of their components.
type eventBroker interface {
	// External reports whether the user brought a broker. Then none is started.
	External() bool
	// Prepare creates the programs and files that the start needs. If the machine lacks a program, the
	// error explains the ways out.
	Prepare(ctx context.Context) error
	// Program returns the program of the server. It is called after Prepare.
	Program() supervise.Program
	// Ready creates the topics. It succeeds once the broker can be used, and is called until it does.
	Ready(ctx context.Context) error
	// Secrets returns the secrets of the components in the shape of Kubernetes secrets: name, then key.
	Secrets() map[string]map[string]string
	// FilterLog returns a line of the server as it is shown, or "" for a line that is not shown.
	FilterLog(line string) string
}

// reconnector is a broker whose sidecars never reconnect after a long outage. Their health does not
// show it.
type reconnector interface {
	// Reach succeeds if a sidecar could connect.
	Reach(ctx context.Context) error
	// GiveUpAfter returns the length of an outage after which some sidecars do not reconnect.
	GiveUpAfter() time.Duration
}

// brokerKind is a choice of -broker. Its name is also the name of the components' folder.
type brokerKind struct {
	name   string
	folder string // of the data, below -dir; each kind has its own, so that changing it loses nothing
	create func(broker.Config) eventBroker
	fetch  func(ctx context.Context, cfg config, log *console.Lines) error
}

func brokerKinds() []brokerKind {
	return []brokerKind{
		{"nats", "broker", func(c broker.Config) eventBroker { return nats.New(c) }, fetchNothing},
		{"kafka", "kafka", func(c broker.Config) eventBroker { return kafka.New(c) }, fetchKafka},
		{"kafka-plaintext", "kafka-plaintext", func(c broker.Config) eventBroker { return kafka.NewPlaintext(c) }, fetchKafka},
		{"rabbitmq", "rabbitmq", func(c broker.Config) eventBroker { return rabbitmq.New(c) }, fetchNothing},
		{"redis", "redis", func(c broker.Config) eventBroker { return redis.New(c) }, fetchNothing},
	}
}

func fetchNothing(context.Context, config, *console.Lines) error { return nil }

// fetchKafka fetches Kafka's programs before the time limit of a start begins to count.
func fetchKafka(ctx context.Context, cfg config, log *console.Lines) error {
	if kafka.External(cfg.getenv) {
		return nil
	}
	return kafka.Fetch(ctx, cfg.root, cfg.getenv, log)
}

func brokerNames() string {
	var names []string
	for _, kind := range brokerKinds() {
		names = append(names, kind.name)
	}
	return strings.Join(names, ", ")
}

func findBroker(name string) (brokerKind, error) {
	for _, kind := range brokerKinds() {
		if kind.name == name {
			return kind, nil
		}
	}
	return brokerKind{}, fmt.Errorf("-broker: there is no broker %q, only %s", name, brokerNames())
}

// brokerDir returns the folder of the broker's data.
func (p plan) brokerDir() string { return filepath.Join(p.cfg.dir, p.cfg.broker.folder) }

// newBroker returns the broker of the plan. Its address for sidecars is the first port, or -broker-at
// for a proxy in front of it. A broker that advertises its address to clients advertises this one.
func (p plan) newBroker(log *console.Lines) eventBroker {
	l := p.layout
	return p.cfg.broker.create(broker.Config{
		Getenv: p.cfg.getenv, Root: p.cfg.root, Dir: p.brokerDir(), Self: p.self,
		Ports:    [3]int{l.broker, l.brokerOther[0], l.brokerOther[1]},
		Address:  cmp.Or(p.cfg.brokerAt, loopback("", l.broker)),
		Password: p.secrets.BrokerPassword, Token: p.secrets.NATSToken,
		Env: p.machineEnv(), Options: p.cfg.tuning.broker.pairs(), Log: log,
	})
}

// startBroker starts the broker, unless the user brought one. It does not wait until it is ready:
// awaitBroker does.
func (s *system) startBroker(ctx, life context.Context) error {
	if err := s.broker.Prepare(ctx); err != nil {
		return fmt.Errorf("broker %s: %w", s.cfg.broker.name, err)
	}
	// Prepare may have created a certificate that is part of the secrets.
	if err := s.writeDaprSecrets(s.broker.Secrets()); err != nil {
		return err
	}
	if s.broker.External() {
		return nil
	}
	if err := os.MkdirAll(s.brokerDir(), 0o700); err != nil {
		return fmt.Errorf("create the broker's folder: %w", err)
	}
	s.brokerUnit = s.programUnit(s.broker.Program(), processState{Name: "broker", Role: "broker", Replica: 1, Address: loopback("", s.layout.broker)})
	return s.start(life, s.brokerUnit)
}

const (
	// brokerPatience is how long a broker that was started here may take to become ready before the
	// log reports a problem. A busy machine needs long.
	brokerPatience = 45 * time.Second
	// externalBrokerPatience is the same for a broker of the user's, which should run already.
	externalBrokerPatience = 5 * time.Second
	// brokerPoll is the pause between probes once a problem was reported.
	brokerPoll = time.Second
)

// awaitBroker waits until the broker is ready and has its topics. If that takes too long, it reports
// a problem, calls delayed and goes on waiting. It returns false when ctx is cancelled.
func (s *system) awaitBroker(ctx context.Context, delayed func()) bool {
	patience := brokerPatience
	if s.broker.External() {
		patience = externalBrokerPatience
	}
	for began, pause := time.Now(), supervise.ReadyPoll; ; {
		probeCtx, cancel := context.WithTimeout(ctx, supervise.ProbeTimeout)
		err := s.broker.Ready(probeCtx)
		cancel()
		if err == nil {
			s.health.Recovered("broker")
			return true
		}
		if ctx.Err() == nil && time.Since(began) > patience {
			s.health.Degraded("broker", s.doctor.Broker(err))
			delayed()
			pause = brokerPoll
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// outagePoll is the interval at which the broker is probed for outages.
const outagePoll = 5 * time.Second

// watchBroker restarts the sidecars after an outage in which some have stopped reconnecting. It
// returns when ctx is cancelled.
func (s *system) watchBroker(ctx context.Context, pairs []pair) {
	b, ok := s.broker.(reconnector)
	if !ok {
		return
	}
	outage := supervise.NewOutage(b.GiveUpAfter())
	tick := time.NewTicker(outagePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		probeCtx, cancel := context.WithTimeout(ctx, supervise.ProbeTimeout)
		err := b.Reach(probeCtx)
		cancel()
		if ctx.Err() == nil && outage.Observe(err == nil, time.Now()) {
			s.log.Printf("the broker was away for so long that sidecars gave it up; they are replaced")
			for _, p := range pairs {
				p.sidecar.unit.Restart()
			}
		}
	}
}
