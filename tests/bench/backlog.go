package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// changesAtOnce is the number of changes in one transaction of the backlog.
	changesAtOnce  = 10
	backlogWriters = 4
)

// backlog commits changes of all users in turn, until there are n events or a few more.
func (c *crowd) backlog(ctx context.Context, n int, to enqueue) (events int, err error) {
	transactions := (n + changesAtOnce*eventsOfChange - 1) / (changesAtOnce * eventsOfChange)
	turns := make(chan *member, len(c.members))
	for _, m := range c.members {
		turns <- m
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(backlogWriters)
	for range transactions {
		m := <-turns
		g.Go(func() error {
			defer func() { turns <- m }()
			return c.changes(ctx, m, to)
		})
	}
	return transactions * changesAtOnce * eventsOfChange, g.Wait()
}

// changes commits several changes of a user in one transaction.
func (c *crowd) changes(ctx context.Context, m *member, to enqueue) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.task
	err := c.db.InTx(ctx, func(tx pgx.Tx) error {
		last, err := postgres.TakeRevisions(ctx, tx, m.id, changesAtOnce)
		if err != nil {
			return err
		}
		var all []event.Event
		for revision := last - changesAtOnce + 1; revision <= last; revision++ {
			var events []event.Event
			if t, events, err = changed(m.id, t, revision); err != nil {
				return err
			}
			all = append(all, events...)
		}
		return to(ctx, tx, all)
	})
	if err != nil {
		return fmt.Errorf("backlog of user %s: %w", m.id, err)
	}
	m.task = t
	return nil
}
