package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// maxClockOffset is how far the process's clock may be from the database's before that is reported.
const maxClockOffset = 5 * time.Second

// cautiousClock is the time by which reminders fire and old rows are removed, neither of which can be undone: the process's
// clock, or the database's while that is behind it. A clock that jumps forward then fires and removes nothing early.
type cautiousClock struct {
	process  func() time.Time
	database func(ctx context.Context) (time.Time, error)
	// offset is how far the process's clock was ahead of the database's when they were compared; negative when it was behind.
	offset atomic.Int64
}

// now returns the time. It is as good as the last comparison.
func (c *cautiousClock) now() time.Time {
	return c.process().Add(-max(c.lastOffset(), 0)).UTC().Truncate(time.Microsecond)
}

func (c *cautiousClock) lastOffset() time.Duration { return time.Duration(c.offset.Load()) }

// compare compares the clocks. When the database does not answer, the last comparison holds.
func (c *cautiousClock) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	before := c.process()
	database, err := c.database(ctx)
	if err != nil {
		return err
	}
	// The database read its clock at an unknown moment in between. The least offset that explains it counts.
	var offset time.Duration
	switch after := c.process(); {
	case before.After(database):
		offset = before.Sub(database)
	case after.Before(database):
		offset = after.Sub(database)
	}
	c.offset.Store(int64(offset))
	return nil
}

// check returns an error when the clocks differed by more than maxClockOffset.
func (c *cautiousClock) check() error {
	if offset := c.lastOffset(); offset.Abs() > maxClockOffset {
		return fmt.Errorf("compare clocks: this process is %v ahead of the database", offset.Round(time.Millisecond))
	}
	return nil
}
