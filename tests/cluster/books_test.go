//go:build cluster

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// keepers and keeperPause are the number of people with books, and the average pause of each between
// two changes. Each change makes two events or more.
const (
	keepers     = 6
	keeperPause = 250 * time.Millisecond
)

// books are people who change tasks, and the books of everything that follows from their changes.
type books struct {
	t      *testing.T
	ledger *ledger.Ledger
	people *ledger.People
}

// openBooks signs people up. Their pages stay open until close. In ordered books, the events of a
// person come in order.
func (c *cluster) openBooks(o outside, url string, ordered bool) *books {
	c.t.Helper()
	b := &books{t: c.t, ledger: ledger.New(ordered)}
	client := system.NewHTTPClient(2 * keepers)
	place := ledger.Place{
		SignUp:   func(ctx context.Context) (*system.Person, error) { return system.SignUp(ctx, url, client) },
		Observe:  o.observe,
		Webhooks: c.receiveWebhooks(),
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	var err error
	if b.people, err = b.ledger.GatherAt(ctx, place, keepers, 1, keeperPause); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(b.people.Close)
	b.people.Watch(c.t.Context())
	return b
}

// during lets the people change tasks while do runs. It returns the number of changes and of requests
// that had to be repeated.
func (b *books) during(do func()) (changes, retries int) {
	b.t.Helper()
	before := b.people.Totals()
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- b.people.Work(b.t.Context(), stop) }()
	finish := sync.OnceValue(func() error { close(stop); return <-ended })
	defer finish() // do may have failed the test
	do()
	if err := finish(); err != nil {
		b.t.Fatal(err)
	}
	after := b.people.Totals()
	return after.Changes - before.Changes, after.Retries - before.Retries
}

// refusals returns the last refusal of each person.
func (b *books) refusals() error {
	var refusals []error
	for _, w := range b.people.Workers {
		refusals = append(refusals, w.LastRefusal())
	}
	return errors.Join(refusals...)
}

// close waits until all work is finished, fails the test for every discrepancy, and closes the
// pages. An open page would try to connect to the address of the system after that is gone. Linux
// remembers such an attempt for two minutes. A connection of a later test to the same address would
// fail if it gets the same port.
func (b *books) close() {
	b.t.Helper()
	wrong := b.people.Check(b.t.Context())
	b.people.StopListening()
	tally, totals := b.ledger.Tally(), b.people.Totals()
	b.t.Logf("%d changes: %d events, %d again; %d reminders, %d messages at %d sockets, longest catch-up %v",
		totals.Changes, tally.Events, tally.Repeats, tally.Reminders, tally.Messages, totals.Sockets, tally.CatchUp.Round(time.Millisecond))
	if len(wrong) > 0 {
		b.t.Error(ledger.Verdict(wrong))
	}
}

// observe passes every event on Kafka to take until stop is called.
func (o outside) observe(ctx context.Context, take func(system.Event)) (stop func(), err error) {
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(o.authority))
	client, err := kgo.NewClient(
		kgo.SeedBrokers(o.broker), kgo.DialTLSConfig(&tls.Config{RootCAs: authorities}),
		kgo.SASL(scram.Auth{User: kafkaUser, Pass: o.password}.AsSha512Mechanism()), kgo.ConsumeTopics(system.EveryTopic...),
	)
	if err != nil {
		return nil, fmt.Errorf("observe Kafka: %w", err)
	}
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("observe Kafka: %w", err)
	}
	polling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		for polling.Err() == nil {
			client.PollFetches(polling).EachRecord(func(r *kgo.Record) { take(system.DecodeEvent(r.Topic, r.Value)) })
		}
	})
	return func() {
		cancel()
		done.Wait()
		client.Close()
	}, nil
}
