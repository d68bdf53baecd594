// Package clock compares the clock of this process with that of the database.
package clock

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxOffset is the tolerated difference between the two clocks. Check reports a larger one.
	maxOffset = 5 * time.Second
	// compareTimeout limits the wait for the database in Compare.
	compareTimeout = 5 * time.Second
)

// Cautious is the time for actions that cannot be undone, such as firing a reminder or deleting old
// rows. It is the clock of the process, or that of the database while the database is behind. If one
// of the clocks jumps forward, nothing happens early.
type Cautious struct {
	process  func() time.Time
	database func(ctx context.Context) (time.Time, error)
	// offset is the lead of the process over the database at the last comparison. It is negative if
	// the process was behind.
	offset atomic.Int64
}

// New returns a clock that trusts the process until the first call of Compare.
func New(process func() time.Time, database func(ctx context.Context) (time.Time, error)) *Cautious {
	return &Cautious{process: process, database: database}
}

// Now returns the time by the last comparison, in UTC and whole microseconds.
func (c *Cautious) Now() time.Time {
	return c.process().Add(-max(c.Offset(), 0)).UTC().Truncate(time.Microsecond)
}

// Offset returns the lead of the process over the database at the last comparison.
func (c *Cautious) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Compare compares the clocks. If the database does not answer, the last comparison stays in effect.
func (c *Cautious) Compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
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

// Check returns an error if the clocks differed by more than five seconds.
func (c *Cautious) Check() error {
	if offset := c.Offset(); offset.Abs() > maxOffset {
		return fmt.Errorf("compare clocks: this process is %v ahead of the database", offset.Round(time.Millisecond))
	}
	return nil
}
