package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"taskmaster/tests/system"
)

// views are the pages that people read in turn.
var views = []string{"/today", "/upcoming", "/all", "/calendar", "/done", "/search?q=series", "/settings/account", "/settings/notifications"}

// pageReader reads pages. Its zero value is ready for use.
type pageReader struct{ read atomic.Int64 }

func (r *pageReader) count() int64 { return r.read.Load() }

// run reads a person's views in turn, with a pause of rest between two, until stop is closed. A
// refused view ends it with an error.
func (r *pageReader) run(ctx context.Context, p *system.Person, rest time.Duration, stop <-chan struct{}) error {
	tick := time.NewTicker(rest)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		path := views[i%len(views)]
		page, err := p.Page(ctx, path)
		if err != nil {
			return fmt.Errorf("read %s as %s: %w", path, p.Email, err)
		}
		if !strings.Contains(page, "</html>") {
			return fmt.Errorf("read %s as %s: the page is cut off after %d bytes", path, p.Email, len(page))
		}
		r.read.Add(1)
	}
}
