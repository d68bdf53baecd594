package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

// These are the numbers of units whose cost is measured, and how long sockets stay open.
const (
	costListings  = 2000
	costCreations = 1000
	costPages     = 500
	costReminders = 500
	costSockets   = 500
	socketsOpen   = 65 * time.Second // two heartbeats
	restFor       = 20 * time.Second
	costWorkers   = 4 // at the same time, so that nothing waits for a processor
)

// costs are the costs of one unit of work: of a request, of a change with all that follows from it,
// of a reminder, of an open socket.
type costs struct {
	// idle is the part of a processor that each process uses while nobody does anything.
	idle map[string]float64
	// processor is the time, besides idle, that each process of the system uses for a unit. That of a socket is for
	// one hour.
	processor map[unit]usage
	// socketMemory is the memory of a socket in each process, in KiB.
	socketMemory map[string]float64
	// rest is the memory of each process at rest, in KiB.
	rest map[string]float64
	// stored is the size of a change in the database, in bytes.
	stored float64
}

// unit is a kind of work.
type unit string

const (
	unitList     unit = "list"     // GET /tasks with 50 tasks
	unitPage     unit = "page"     // the page All
	unitChange   unit = "change"   // POST /tasks, with its events up to the sockets
	unitReminder unit = "reminder" // from the job to the webhook
	unitSocket   unit = "socket"   // an open page, for an hour
)

// cost measures what each unit of work costs, and compares the prediction for two sizes with what
// these really use.
func (b *bench) cost(ctx context.Context) error {
	c, err := b.measureCosts(ctx)
	if err != nil {
		return err
	}
	b.out.extra = append(b.out.extra, c.table()...)
	b.out.extra = append(b.out.extra, forecastTable(c, b.sizes, b.nodePrice)...)
	b.out.extra = append(b.out.extra, simulationTable(c, b.sizes)...)
	for _, people := range []int{50, 200} {
		if err := b.compare(ctx, c, people); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureCosts(ctx context.Context) (*costs, error) {
	c := &costs{processor: map[unit]usage{}}
	var err error
	if c.rest, err = b.memoryOf(); err != nil {
		return nil, err
	}
	people, err := b.signUp(ctx, costWorkers)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		for n := range listed {
			if _, err := create(ctx, p, n); err != nil {
				return nil, err
			}
		}
	}
	rest, err := b.used(ctx, nil, func() error { sleepUntil(ctx, time.Now().Add(restFor)); return ctx.Err() })
	if err != nil {
		return nil, err
	}
	c.idle = map[string]float64{}
	for name, used := range rest {
		c.idle[name] = used.Seconds() / restFor.Seconds()
	}
	for _, work := range []struct {
		unit unit
		n    int
		do   func(ctx context.Context, p *system.Person, n int) error
	}{
		{unitList, costListings, list},
		{unitPage, costPages, page},
		{unitChange, costCreations, func(ctx context.Context, p *system.Person, n int) error {
			_, err := create(ctx, p, n)
			return err
		}},
	} {
		before, err := b.databaseSize(ctx)
		if err != nil {
			return nil, err
		}
		used, err := b.used(ctx, c.idle, func() error { return each(ctx, people, work.n, work.do) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", work.unit, err)
		}
		c.processor[work.unit] = used.per(work.n)
		after, err := b.databaseSize(ctx)
		if err != nil {
			return nil, err
		}
		if work.unit == unitChange {
			c.stored = float64(after-before) / float64(work.n)
		}
	}
	if c.processor[unitReminder], err = b.costOfReminders(ctx, c.idle); err != nil {
		return nil, fmt.Errorf("%s: %w", unitReminder, err)
	}
	if err := b.costOfSockets(ctx, c); err != nil {
		return nil, fmt.Errorf("%s: %w", unitSocket, err)
	}
	return c, nil
}

// used returns the processor time that each process needs for do and for publishing its events. The
// share that the process uses when idle is subtracted.
func (b *bench) used(ctx context.Context, idle map[string]float64, do func() error) (usage, error) {
	began := time.Now()
	before, err := b.cpu()
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	if err := b.drained(ctx); err != nil {
		return nil, err
	}
	after, err := b.cpu()
	if err != nil {
		return nil, err
	}
	delete(after, itself)
	for name := range after {
		after[name] = max(0, after[name]-before[name]-time.Duration(idle[name]*float64(time.Since(began))))
	}
	return after, nil
}

func (u usage) per(n int) usage {
	one := usage{}
	for name, used := range u {
		one[name] = used / time.Duration(n)
	}
	return one
}

func (u usage) sum() (all time.Duration) {
	for _, used := range u {
		all += used
	}
	return all
}

func list(ctx context.Context, p *system.Person, _ int) error {
	return p.Do(ctx, "GET", fmt.Sprintf("/tasks?status=open&limit=%d", listed), nil, nil)
}

func page(ctx context.Context, p *system.Person, _ int) error {
	_, err := p.Page(ctx, "/all")
	return err
}

// each lets people do something n times in all.
func each(ctx context.Context, people []*system.Person, n int, do func(ctx context.Context, p *system.Person, n int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range people {
		g.Go(func() error {
			for k := i; k < n; k += len(people) {
				if err := do(ctx, p, k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (b *bench) databaseSize(ctx context.Context) (bytes int64, err error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&bytes)
	return bytes, err
}

// costOfReminders returns the cost of one reminder, without that of the task.
func (b *bench) costOfReminders(ctx context.Context, idle map[string]float64) (usage, error) {
	people, err := b.signUp(ctx, costWorkers)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if _, err := b.webhooks.Channel(ctx, p); err != nil {
			return nil, err
		}
	}
	at := time.Now().Add(20 * time.Second).Truncate(time.Second)
	err = each(ctx, people, costReminders, func(ctx context.Context, p *system.Person, n int) error {
		return p.Do(ctx, "POST", "/tasks", map[string]any{
			"title": fmt.Sprintf("Reminder %d", n), "reminders": []any{map[string]any{"at": at.Add(time.Duration(n) * 20 * time.Millisecond)}},
		}, nil)
	})
	if err != nil {
		return nil, err
	}
	if err := b.drained(ctx); err != nil {
		return nil, err
	}
	sleepUntil(ctx, at)
	used, err := b.used(ctx, idle, func() error {
		_, err := collect(ctx, &b.webhooks.Inbox, costReminders, func(n system.Notification) (string, time.Time) { return n.TaskID, n.Arrived })
		return err
	})
	return used.per(costReminders), err
}

// costOfSockets notes the memory of an open socket, and its processor time in an hour.
func (b *bench) costOfSockets(ctx context.Context, c *costs) error {
	people, err := b.signUp(ctx, 1)
	if err != nil {
		return err
	}
	before, err := b.memoryOf()
	if err != nil {
		return err
	}
	for range costSockets {
		s, err := people[0].Watch(ctx, b.URL, -1)
		if err != nil {
			return err
		}
		defer s.Close()
	}
	opened := time.Now()
	used, err := b.used(ctx, c.idle, func() error { sleepUntil(ctx, opened.Add(socketsOpen)); return ctx.Err() })
	if err != nil {
		return err
	}
	after, err := b.memoryOf()
	if err != nil {
		return err
	}
	c.socketMemory = map[string]float64{}
	for _, name := range []string{"live", "web"} { // they hold the connections
		c.socketMemory[name] = max(0, after[name]-before[name]) / costSockets
	}
	hour := usage{}
	for name, used := range used.per(costSockets) {
		if name == "live" || name == "web" || name == "postgres" {
			hour[name] = time.Duration(float64(used) * float64(time.Hour) / float64(time.Since(opened)))
		}
	}
	c.processor[unitSocket] = hour
	return nil
}

// memoryOf returns the PSS of each process in KiB.
func (b *bench) memoryOf() (map[string]float64, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	memory := map[string]float64{}
	for _, p := range state.Processes {
		_, pss, err := p.Memory()
		if err != nil {
			return nil, err
		}
		memory[p.Title()] += float64(pss)
	}
	return memory, nil
}

func (c *costs) table() []string {
	lines := []string{"", "| processor time of | each | of it |", "|---|--:|---|"}
	for _, u := range []unit{unitList, unitPage, unitChange, unitReminder, unitSocket} {
		used := c.processor[u]
		names := slices.SortedFunc(maps.Keys(used), func(a, b string) int { return int(used[b] - used[a]) })
		var parts []string
		for _, name := range names {
			if share := 100 * used[name] / max(1, used.sum()); share >= 3 {
				parts = append(parts, fmt.Sprintf("%s %d %%", name, share))
			}
		}
		lines = append(lines, fmt.Sprintf("| %s | %.2f ms | %s |", u, float64(used.sum())/float64(time.Millisecond), strings.Join(parts, ", ")))
	}
	return append(lines, "", fmt.Sprintf("A socket needs %.0f KiB in live and %.0f KiB in web.", c.socketMemory["live"], c.socketMemory["web"]))
}
