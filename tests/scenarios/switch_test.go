package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// exchange is a system whose broker is exchanged, with people who work on it.
type exchange struct {
	t      *testing.T
	dir    string
	books  *ledger.Ledger
	people *ledger.People
}

// start starts the system on a broker, with a subscriber for the books. stop ends both.
func (x *exchange) start(broker, services string) (s *system.System, stop func()) {
	x.t.Helper()
	s = own(x.t, system.Config{Dir: x.dir, Broker: broker, Services: services})
	observer, err := s.ObserveFunc(x.t.Context(), x.books.Event)
	if err != nil {
		x.t.Fatal(err)
	}
	stopObserving := sync.OnceFunc(observer.Close)
	x.t.Cleanup(stopObserving)
	if x.people != nil {
		for _, w := range x.people.Workers {
			w.Person.Base = s.URL
		}
	}
	return s, func() {
		x.t.Helper()
		stopObserving()
		if err := s.Stop(); err != nil {
			x.t.Fatal(err)
		}
	}
}

// work lets people change tasks for some seconds.
func (x *exchange) work() {
	x.t.Helper()
	stop := make(chan struct{})
	time.AfterFunc(5*time.Second, func() { close(stop) })
	if err := x.people.Work(x.t.Context(), stop); err != nil {
		x.t.Fatal(err)
	}
}

var unhandledCounts = regexp.MustCompile(`(\d+) events are not published\n(\d+) reminders are not handled by notifier\n(\d+) completions`)

// workUntilHeld lets people work until every event is published, and consumers of both topics have some to
// handle. On a busy machine, the first seconds may be too short for a completion.
func (x *exchange) workUntilHeld(s *system.System) {
	x.t.Helper()
	const round = 10 * time.Second
	for ctx := within(x.t); ; {
		x.work()
		err := system.Poll(limited(x.t, round), func() error {
			_, err := s.Operate(x.t.Context(), "unhandled")
			if err == nil {
				return errors.New("every event is handled")
			}
			if n := unhandledCounts.FindStringSubmatch(err.Error()); n == nil || n[1] != "0" || n[2] == "0" || n[3] == "0" {
				return fmt.Errorf("the broker does not hold reminders and completions: %w", err)
			}
			return nil
		})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			x.t.Fatal(err)
		}
	}
}

// The broker is exchanged for an empty one, while the old one holds events that nobody has handled.
// The command unhandled counts them. After a replay all of them are handled once, and those that were
// handled before are not handled again. docs/operations.md describes this procedure.
func TestBrokerIsExchanged(t *testing.T) {
	t.Parallel()
	x := &exchange{t: t, dir: filepath.Join(t.TempDir(), "system"), books: ledger.New(false)} // a replay disturbs the order
	handled := func(s *system.System) {
		t.Helper()
		if _, err := s.Operate(limited(t, aftermath), "unhandled", "-wait", arrival.String()); err != nil {
			t.Fatal(err)
		}
	}
	s, stop := x.start("nats", "")
	var err error
	x.people, err = x.books.GatherAt(t.Context(), ledger.Place{
		SignUp: s.SignUp, Webhooks: system.ReceiveWebhooks(),
		Observe: func(context.Context, func(system.Event)) (func(), error) { return func() {}, nil }, // start observes
	}, 2, 1, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.people.Close)
	x.work()
	handled(s)
	stop()

	s, stop = x.start("nats", "api,live,web") // no consumers
	x.workUntilHeld(s)
	stop()
	if err := os.RemoveAll(filepath.Join(x.dir, "broker")); err != nil { // the next broker may be nats too
		t.Fatal(err)
	}

	s, _ = x.start(broker(), "")
	x.workUntilHeld(s)
	if _, err := s.Operate(within(t), "replay", "--since", "1h"); err != nil {
		t.Fatal(err)
	}
	handled(s)
	ctx := limited(t, aftermath)
	var wrong []ledger.Discrepancy
	for _, w := range x.people.Workers {
		wrong = append(wrong, x.books.Check(ctx, w, nil)...)
	}
	if wrong = append(wrong, x.books.Wrong()...); len(wrong) > 0 {
		t.Error(ledger.Verdict(wrong))
	}
}
