package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// fanoutChanges is the number of changes that all sockets receive.
const fanoutChanges = 20

// fanout measures the time from a change to a large number of sockets of one person.
func (b *bench) fanout(ctx context.Context) error {
	people, err := b.signUp(ctx, 1)
	if err != nil {
		return err
	}
	p := people[0]
	sockets := make([]*system.Socket, b.sockets)
	g, openCtx := errgroup.WithContext(ctx)
	g.SetLimit(20)
	began := time.Now()
	for i := range sockets {
		g.Go(func() (err error) {
			// The sockets live as long as ctx. openCtx only reports that another socket could not
			// be opened.
			if openCtx.Err() != nil {
				return openCtx.Err()
			}
			sockets[i], err = b.watchPatiently(ctx, p)
			return err
		})
	}
	err = g.Wait()
	defer func() {
		for _, s := range sockets {
			if s != nil {
				s.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	b.out.note("%d sockets were opened in %s", len(sockets), readable(time.Since(began)))

	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var all, last []time.Duration
	for n := range fanoutChanges {
		t, err := create(ctx, p, n)
		if err != nil {
			return err
		}
		slowest := time.Duration(0)
		for i, s := range sockets {
			m, err := s.Inbox.Wait(ctx, func(m system.Message) bool { return m.Revision == t.Revision })
			if err != nil {
				return fmt.Errorf("socket %d did not receive revision %d: %w", i, t.Revision, errors.Join(s.Ended(), err))
			}
			took := m.Arrived.Sub(t.UpdatedAt)
			all = append(all, took)
			slowest = max(slowest, took)
		}
		last = append(last, slowest)
	}
	b.out.add(fmt.Sprintf("change to each of %d sockets", len(sockets)), "p99 < 200 ms", all...)
	b.goals.Took(goals.OtherDevice, all...)
	b.out.add(fmt.Sprintf("change to the last of %d sockets", len(sockets)), "", last...)
	return nil
}

// watchPatiently opens a socket and waits until it has every change so far. It asks again while the
// service is overloaded, as clients do. An overloaded service refuses the connection, or it closes the
// socket before the first heartbeat.
func (b *bench) watchPatiently(ctx context.Context, p *system.Person) (s *system.Socket, err error) {
	pollCtx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	late := system.Poll(pollCtx, func() error {
		if s, err = p.Watch(ctx, b.URL, -1); err == nil {
			if err = s.InStep(pollCtx); err == nil {
				return nil
			}
			s.Close()
		}
		refused, ok := errors.AsType[*system.Problem](err)
		if ok && refused.Status == http.StatusServiceUnavailable || websocket.CloseStatus(err) == websocket.StatusTryAgainLater {
			return err
		}
		return nil // Another error would repeat itself.
	})
	return s, cmp.Or(err, late)
}
