package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kafkaBroker is Apache Kafka in KRaft mode, or the Kafka that KAFKA_BROKERS names. The one that is started has a listener
// with TLS and a password and one with neither; plaintext says which of them is used.
type kafkaBroker struct{ plaintext bool }

// kafkaUser is who the sidecars are at a broker that was started here.
const kafkaUser = "taskmaster"

func (kafkaBroker) external(getenv func(string) string) bool { return getenv("KAFKA_BROKERS") != "" }

func (k kafkaBroker) prepare(ctx context.Context, p plan, log *lines) error {
	if k.external(p.cfg.getenv) {
		return k.checkExternal(p.cfg.getenv)
	}
	java, err := findJava(ctx, p.cfg.getenv)
	if err != nil {
		return err
	}
	if err := k.fetch(ctx, p.cfg.root, log); err != nil {
		return err
	}
	if err := os.MkdirAll(p.brokerDir(), 0o700); err != nil {
		return err
	}
	if err := ensureCertificate(p.brokerDir()); err != nil {
		return fmt.Errorf("make the broker's certificate: %w", err)
	}
	if err := p.writeKafkaFiles(); err != nil {
		return err
	}
	return p.formatKafka(ctx, java)
}

// checkExternal reports everything that is missing to reach the broker that the user brought.
func (k kafkaBroker) checkExternal(getenv func(string) string) error {
	var errs []error
	for _, name := range []string{"KAFKA_USERNAME", "KAFKA_PASSWORD"} {
		switch set := getenv(name) != ""; {
		case k.plaintext && set:
			errs = append(errs, fmt.Errorf("%s is set, and kafka-plaintext uses none: choose -broker kafka", name))
		case !k.plaintext && !set:
			errs = append(errs, fmt.Errorf("%s is not set: KAFKA_BROKERS needs it, unless they take anybody without TLS (-broker kafka-plaintext)", name))
		}
	}
	if file := getenv("KAFKA_CA_FILE"); file != "" {
		if _, err := os.Stat(file); err != nil {
			errs = append(errs, fmt.Errorf("KAFKA_CA_FILE: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (kafkaBroker) spec(p plan) spec {
	return spec{
		name: "broker", role: "broker", program: javaProgram(p.cfg.getenv), dir: p.brokerDir(), env: p.systemEnv(),
		args: []string{"@" + filepath.Join(p.brokerDir(), "run.args")},
	}
}

// topicsTimeout is more than a probe has: on a busy machine making topics takes longer, and a broker goes on making what
// somebody who gave up has asked for.
const topicsTimeout = 30 * time.Second

// ready makes the topics with the program that makes them in a cluster too.
func (k kafkaBroker) ready(ctx context.Context, p plan) error {
	access := k.access(p)
	if err := dialAny(ctx, access.brokers); err != nil {
		return err // cheaper to find out than by running a program
	}
	ctx, cancel := outlast(ctx, topicsTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.bin("topics"), "-brokers", access.brokers, "-timeout", topicsTimeout.String())
	cmd.Env = append(p.systemEnv(), "KAFKA_USERNAME="+access.username, "KAFKA_PASSWORD="+access.password, "KAFKA_CA_FILE="+access.caFile)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && len(out) > 0:
		return errors.New(strings.TrimSpace(string(out)))
	case err != nil:
		return fmt.Errorf("make topics: %w", err)
	}
	return nil
}

// outlast returns a context that lasts for d although the parent's deadline may be sooner; it is cancelled with the parent.
func outlast(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), d)
	stop := context.AfterFunc(parent, func() {
		if errors.Is(parent.Err(), context.Canceled) {
			cancel()
		}
	})
	return ctx, func() { stop(); cancel() }
}

func (k kafkaBroker) secrets(p plan) map[string]map[string]string {
	access := k.access(p)
	secret := map[string]string{
		"brokers": access.brokers, "username": access.username, "password": access.password, "ca.crt": "",
	}
	// prepare has made sure of it; without it, the sidecar says which certificate it does not trust.
	if ca, err := os.ReadFile(access.caFile); err == nil {
		secret["ca.crt"] = string(ca)
	}
	if !k.external(p.cfg.getenv) {
		secret["plaintext"] = p.kafkaPlaintext() // for programs that look into the broker
	}
	return map[string]map[string]string{"kafka": secret}
}

// kafkaAccess is what a client needs.
type kafkaAccess struct{ brokers, username, password, caFile string }

func (k kafkaBroker) access(p plan) kafkaAccess {
	getenv := p.cfg.getenv
	switch {
	case k.external(getenv):
		return kafkaAccess{getenv("KAFKA_BROKERS"), getenv("KAFKA_USERNAME"), getenv("KAFKA_PASSWORD"), getenv("KAFKA_CA_FILE")}
	case k.plaintext:
		return kafkaAccess{brokers: p.kafkaPlaintext()}
	default:
		return kafkaAccess{p.brokerAddress(), kafkaUser, p.secrets.BrokerPassword, caFile(p.brokerDir())}
	}
}

func (p plan) kafkaPlaintext() string { return loopback("", p.layout.brokerOther[0]) }

// dialAny succeeds when one of the addresses can be connected to.
func dialAny(ctx context.Context, addresses string) error {
	var errs []error
	for address := range strings.SplitSeq(addresses, ",") {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimSpace(address))
		if err == nil {
			return conn.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
