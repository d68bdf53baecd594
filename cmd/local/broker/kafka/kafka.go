// Package kafka runs Apache Kafka in KRaft mode, or uses the Kafka that KAFKA_BROKERS names.
//
// A Kafka that is started here has two listeners: one with TLS and a password, as hosted Kafka and
// Redpanda have it, and one with neither.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/supervise"
)

// user is the user name of the sidecars at a Kafka that was started here.
const user = "taskmaster"

// Broker is an Apache Kafka.
type Broker struct {
	config    broker.Config
	plaintext bool
}

// New returns the broker of an installation, used with TLS and a password.
func New(config broker.Config) *Broker { return &Broker{config: config} }

// NewPlaintext returns the broker of an installation, used without TLS and password.
func NewPlaintext(config broker.Config) *Broker { return &Broker{config: config, plaintext: true} }

// External reports whether KAFKA_BROKERS names a Kafka. Then none is started.
func (b *Broker) External() bool { return External(b.config.Getenv) }

// External reports whether KAFKA_BROKERS names a Kafka. Then nothing needs to be fetched.
func External(getenv func(string) string) bool { return getenv("KAFKA_BROKERS") != "" }

// Prepare fetches Kafka, creates its certificate and configuration, and formats its data folder. If
// the machine lacks a program, the error explains the ways out.
func (b *Broker) Prepare(ctx context.Context) error {
	if b.External() {
		return b.checkExternal()
	}
	java, err := findJava(ctx, b.config.Getenv)
	if err != nil {
		return err
	}
	if err := Fetch(ctx, b.config.Root, b.config.Getenv, b.config.Log); err != nil {
		return err
	}
	if err := os.MkdirAll(b.config.Dir, 0o700); err != nil {
		return fmt.Errorf("create the broker's folder: %w", err)
	}
	if err := ensureCertificate(b.config.Dir); err != nil {
		return fmt.Errorf("make the broker's certificate: %w", err)
	}
	if err := b.writeFiles(); err != nil {
		return err
	}
	return b.format(ctx, java)
}

// checkExternal reports all settings that are missing or wrong for the Kafka of KAFKA_BROKERS.
func (b *Broker) checkExternal() error {
	var errs []error
	for _, name := range []string{"KAFKA_USERNAME", "KAFKA_PASSWORD"} {
		switch set := b.config.Getenv(name) != ""; {
		case b.plaintext && set:
			errs = append(errs, fmt.Errorf("%s is set, and kafka-plaintext uses none: choose -broker kafka", name))
		case !b.plaintext && !set:
			errs = append(errs, fmt.Errorf("%s is not set: KAFKA_BROKERS needs it, unless they take anybody without TLS (-broker kafka-plaintext)", name))
		}
	}
	if file := b.config.Getenv("KAFKA_CA_FILE"); file != "" {
		if _, err := os.Stat(file); err != nil {
			errs = append(errs, fmt.Errorf("KAFKA_CA_FILE: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Program returns the program of the server.
func (b *Broker) Program() supervise.Program {
	return supervise.Program{
		Name: "broker", Path: javaProgram(b.config.Getenv), Args: []string{"@" + filepath.Join(b.config.Dir, "run.args")},
		Dir: b.config.Dir, Env: b.config.Env,
	}
}

// topicsTimeout is the time to create topics. It is longer than a probe's, because a busy machine
// needs more. A broker goes on creating topics for a client that has given up.
const topicsTimeout = 30 * time.Second

// Ready creates the topics with infra/topics, the program that creates them in a cluster too.
func (b *Broker) Ready(ctx context.Context) error {
	access := b.access()
	if err := dialAny(ctx, access.brokers); err != nil {
		return err // cheaper than running a program that fails
	}
	ctx, cancel := extendDeadline(ctx, topicsTimeout)
	defer cancel()
	program := filepath.Join(b.config.Root, ".local", "bin", "topics")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.CommandContext(ctx, program, "-brokers", access.brokers, "-timeout", topicsTimeout.String())
	cmd.Env = slices.Concat(b.config.Env, []string{
		"KAFKA_USERNAME=" + access.username, "KAFKA_PASSWORD=" + access.password, "KAFKA_CA_FILE=" + access.caFile,
	})
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

// extendDeadline returns a context that lasts for d, even if the parent's deadline is earlier. It is
// cancelled with the parent.
func extendDeadline(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), d)
	stop := context.AfterFunc(parent, func() {
		if errors.Is(parent.Err(), context.Canceled) {
			cancel()
		}
	})
	return ctx, func() { stop(); cancel() }
}

// dialAny succeeds if one of the addresses accepts a connection.
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

// Secrets returns the secrets of the components: name, then key.
func (b *Broker) Secrets() map[string]map[string]string {
	access := b.access()
	secret := map[string]string{
		"brokers": access.brokers, "username": access.username, "password": access.password, "ca.crt": "",
	}
	// Prepare has checked the file. Without it, the sidecar names the certificate that it distrusts.
	if ca, err := os.ReadFile(access.caFile); err == nil {
		secret["ca.crt"] = string(ca)
	}
	if !b.External() {
		secret["plaintext"] = b.plaintextAddress() // for programs that inspect the broker
	}
	return map[string]map[string]string{"kafka": secret}
}

// access holds the settings of a client.
type access struct{ brokers, username, password, caFile string }

func (b *Broker) access() access {
	getenv := b.config.Getenv
	switch {
	case b.External():
		return access{getenv("KAFKA_BROKERS"), getenv("KAFKA_USERNAME"), getenv("KAFKA_PASSWORD"), getenv("KAFKA_CA_FILE")}
	case b.plaintext:
		return access{brokers: b.plaintextAddress()}
	default:
		return access{b.config.Address, user, b.config.Password, caFile(b.config.Dir)}
	}
}

func (b *Broker) plaintextAddress() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.config.Ports[1]))
}

// indented matches a line that continues the one before.
var indented = regexp.MustCompile(`^\s*$|^  `)

// FilterLog drops indented lines. log4j2.properties reduces the log to warnings and errors.
func (*Broker) FilterLog(line string) string {
	if indented.MatchString(line) {
		return ""
	}
	return line
}
