// Package scenarios tests the promises of TaskMaster from outside, on the real thing: PostgreSQL,
// daprd, the Dapr scheduler, the broker and every service, started by one command.
//
// Scenarios that disturb no other share one running system and run in parallel. Scenarios that
// break things have systems of their own.
package scenarios

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// arrival is how long an event or notification may take to arrive. It is generous, because the
// machine may be busy with other tests.
const arrival = 3 * time.Minute

// aftermath is how long the system may take to finish all delayed work.
const aftermath = 5 * time.Minute

// shared is the system of all scenarios that disturb no other.
var shared struct {
	*system.System
	observer *system.Observer
	mail     *system.Mailbox
	webhooks *system.Webhooks
	push     *system.PushService
	traces   *system.Traces
}

// buildDir is the folder of programs that tests run beside the systems.
var buildDir string

// onceOnly are the scenarios that do not concern the broker. They run on nats alone. Most are about
// the times of reminders, and those of every broker arrive in TestReminderArrivesOnEveryChannel.
const onceOnly = "^(TestStartAfterKill|TestSystemThatCannotStart|TestReminderDueWhileEverythingWasDownFiresOnStart|" +
	"TestStartWithPendingEventsRaisesNoAlarm|TestWholeDay|TestSnoozeRemindsAgain|TestMovedAndCancelledReminders|" +
	"TestJobsFireTwiceAndTooLate)$"

// broker returns the broker of the scenarios.
func broker() string { return cmp.Or(os.Getenv("BROKER"), "nats") }

// atOnce is the number of scenarios that run at the same time. They mostly wait.
const atOnce = 4

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if broker() != "nats" {
		if err := flag.Set("test.skip", onceOnly); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	status, err := runShared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func runShared(m *testing.M) (status int, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "taskmaster-scenarios-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	buildDir = dir
	if shared.mail, err = system.ReceiveMail(); err != nil {
		return 0, err
	}
	defer shared.mail.Close()
	shared.webhooks = system.ReceiveWebhooks()
	defer shared.webhooks.Close()
	shared.push = system.ReceivePush()
	defer shared.push.Close()

	shared.traces = system.ReceiveTraces()
	defer shared.traces.Close()

	env := environment(shared.mail)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_TRACES_SAMPLER_ARG"], env["LOG_REQUESTS"] = shared.traces.URL, "1", "true"
	shared.System, err = system.Start(ctx, system.Config{Dir: dir, Replicas: "live=2,recurring=2", Env: env})
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := shared.Stop(); err == nil {
			err = stopErr
		}
		if err != nil || status != 0 {
			keepLog(shared.System, "shared")
		}
	}()
	if shared.observer, err = shared.Observe(ctx); err != nil {
		return 0, err
	}
	defer shared.observer.Close()
	return m.Run(), nil
}

// environment allows notifications to receivers on this machine. It removes the rate limits,
// because tests act faster than people.
func environment(mail *system.Mailbox) map[string]string {
	env := map[string]string{
		"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0", "SMTP_FROM": "TaskMaster <taskmaster@example.com>",
		"LOGIN_PER_MINUTE": "100000", "SIGNUP_PER_MINUTE": "100000", "RATE_PER_MINUTE": "0",
		"RATE_PER_MINUTE_USER": "0", "RATE_PER_MINUTE_ADDRESS": "0",
	}
	if mail != nil {
		env["SMTP_URL"] = mail.URL
	}
	return env
}

// own starts a system for one test, which may break it. At the test's end it is stopped and its
// folder deleted.
func own(t *testing.T, cfg system.Config) *system.System {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(t.TempDir(), "system")
	}
	if cfg.Env == nil {
		cfg.Env = environment(nil)
	}
	s, err := system.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			keepLog(s, t.Name())
		}
	})
	return s
}

// keepLog saves a system's log outside the test's folder.
func keepLog(s *system.System, name string) {
	file, err := os.CreateTemp("", "taskmaster-"+filepath.Base(name)+"-*.log")
	if err != nil {
		fmt.Fprintln(os.Stderr, "keep log:", err)
		return
	}
	defer file.Close()
	_, _ = io.WriteString(file, s.Tail(1<<30)+"\n")
	fmt.Fprintf(os.Stderr, "the log of system %s is in %s; it ends:\n%s\n", name, file.Name(), s.Tail(15))
}

// observe starts an observer of a test's own system.
func observe(t *testing.T, s *system.System) *system.Observer {
	t.Helper()
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// within returns a context that ends after arrival.
func within(t *testing.T) context.Context { return limited(t, arrival) }

func limited(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
