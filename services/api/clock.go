package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// maxClockOffset is the tolerated difference between the clocks of the process and the database. A
// larger one is reported.
const maxClockOffset = 5 * time.Second

// cautiousClock is the time by which reminders fire and old rows are deleted. Neither can be
// undone. It is the clock of the process, or that of the database while the database is behind. If
// a clock jumps forward, nothing fires and nothing is deleted early.
type cautiousClock struct {
	process  func() time.Time
	database func(ctx context.Context) (time.Time, error)
	// offset is the lead of the process over the database at the last comparison. It is negative if
	// the process was behind.
	offset atomic.Int64
}

// now returns the time, by the last comparison.
func (c *cautiousClock) now() time.Time {
	return c.process().Add(-max(c.lastOffset(), 0)).UTC().Truncate(time.Microsecond)
}

func (c *cautiousClock) lastOffset() time.Duration { return time.Duration(c.offset.Load()) }

// compare compares the clocks. If the database does not answer, the last comparison stays in
// effect.
func (c *cautiousClock) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	before := c.process()
	database, err := c.database(ctx)
	if err != nil {
		return err
	}
	// The database read its clock at an unknown moment in between. Use the smallest offset that
	// explains it.
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

// check returns an error if the clocks differed by more than maxClockOffset.
func (c *cautiousClock) check() error {
	if offset := c.lastOffset(); offset.Abs() > maxClockOffset {
		return fmt.Errorf("compare clocks: this process is %v ahead of the database", offset.Round(time.Millisecond))
	}
	return nil
}
