package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"taskmaster/tests/system"
)

// day is what one person does on a day. These are assumptions. People differ more than systems do.
var day = map[unit]float64{
	unitPage:     30,
	unitList:     10,
	unitChange:   15,
	unitReminder: 5,
	unitSocket:   2, // hours with an open page
}

const (
	// peak is the part of a day's work that falls into its busiest hour.
	peak = 0.12
	// utilization is the part of the processors that work may take on average.
	utilization = 0.5
	// eventsPerChange and eventsPerPartition: 1,000 events a second were measured with four partitions
	// (docs/performance.md).
	eventsPerChange    = 2.0
	eventsPerPartition = 250.0
	leastPartitions    = 4
	// nodeProcessors and nodeMemory describe the node whose price -node-price is. The memory is in KiB.
	nodeProcessors = 4.0
	nodeMemory     = 16 << 20
)

// connectionsOf is the number of connections that a pod of a service takes (infra/chart/values.yaml).
var connectionsOf = map[string]int{"api": 9, "live": 3, "notifier": 5, "assistant": 2}

// need holds the resources for a number of people in the busiest hour.
type need struct {
	people      int
	requests    float64 // per second
	events      float64 // per second
	sockets     float64
	processors  float64
	memory      float64 // KiB
	pods        int
	connections int
	partitions  int
	stored      float64 // bytes in a year
	nodes       int
}

// forecast computes what people need.
func forecast(c *costs, people int) need {
	n := need{people: people}
	n.requests = perSecond(people, unitPage) + perSecond(people, unitList) + perSecond(people, unitChange)
	n.events = perSecond(people, unitChange)*eventsPerChange + perSecond(people, unitReminder)
	n.sockets = socketsOf(people)
	n.stored = float64(people) * day[unitChange] * 365 * c.stored

	load := loads(c, people)
	for name, rest := range c.rest {
		processors := load[name] / utilization
		n.processors += processors
		replicas := 1.0
		if _, isService := c.rest[name+", sidecar"]; isService {
			// A pod has a limit of one processor.
			replicas = math.Max(1, math.Ceil(math.Max(processors, load[name+", sidecar"]/utilization)))
			n.pods += int(replicas)
			n.connections += int(replicas) * connectionsOf[name]
			rest += c.rest[name+", sidecar"]
		}
		if _, isSidecar := sidecarOf(name); !isSidecar {
			n.memory += rest*replicas + n.sockets*c.socketMemory[name]
		}
	}
	n.partitions = max(leastPartitions, int(math.Ceil(n.events/eventsPerPartition)))
	n.nodes = int(math.Ceil(math.Max(n.processors/nodeProcessors, n.memory/nodeMemory)))
	return n
}

// perSecond returns how often people do something in a second of the busiest hour.
func perSecond(people int, u unit) float64 { return float64(people) * day[u] * peak / 3600 }

// socketsOf returns the number of open sockets in the busiest hour.
func socketsOf(people int) float64 { return float64(people) * day[unitSocket] * peak }

// loads returns how many processors each process uses on average in the busiest hour.
func loads(c *costs, people int) map[string]float64 {
	load := map[string]float64{}
	maps.Copy(load, c.idle)
	for u, used := range c.processor {
		for name, each := range used {
			if u == unitSocket {
				load[name] += socketsOf(people) * each.Hours()
			} else {
				load[name] += perSecond(people, u) * each.Seconds()
			}
		}
	}
	return load
}

func sidecarOf(name string) (service string, ok bool) {
	const suffix = ", sidecar"
	if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
		return name[:len(name)-len(suffix)], true
	}
	return "", false
}

// forecastTable returns what numbers of people need. The price of a node is left out if it is 0.
func forecastTable(c *costs, sizes []int, nodePrice float64) []string {
	lines := []string{"", "| people | requests/s | events/s | sockets | processors | memory | pods | connections | partitions | stored in a year | nodes |",
		"|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"}
	for _, people := range sizes {
		n := forecast(c, people)
		nodes := fmt.Sprint(n.nodes)
		if nodePrice > 0 {
			nodes += fmt.Sprintf(" (%.0f)", float64(n.nodes)*nodePrice)
		}
		lines = append(lines, fmt.Sprintf("| %d | %.1f | %.1f | %.0f | %.2f | %.1f GiB | %d | %d | %d | %.1f GB | %s |", n.people, n.requests, n.events,
			n.sockets, n.processors, n.memory/(1<<20), n.pods, n.connections, n.partitions, n.stored/1e9, nodes))
	}
	return lines
}

// compare lets people act, and notes the processor time that was predicted and that was used.
func (b *bench) compare(ctx context.Context, c *costs, n int) error {
	people, err := b.signUp(ctx, n)
	if err != nil {
		return err
	}
	const pace = time.Second
	before, err := b.cpu()
	if err != nil {
		return err
	}
	done := map[unit]int{}
	var mu sync.Mutex
	began := time.Now()
	_, err = generate(ctx, people, b.duration, pace, func(ctx context.Context, p *system.Person, n int) error {
		u, do := unitPage, page
		switch n % 10 {
		case 0, 1, 2:
			u, do = unitChange, func(ctx context.Context, p *system.Person, n int) error {
				_, err := create(ctx, p, n)
				return err
			}
		case 3, 4, 5:
			u, do = unitList, list
		}
		mu.Lock()
		done[u]++
		mu.Unlock()
		return do(ctx, p, n)
	})
	if err != nil {
		return err
	}
	if err := b.drained(ctx); err != nil {
		return err
	}
	elapsed := time.Since(began)
	after, err := b.cpu()
	if err != nil {
		return err
	}
	delete(after, itself)
	used, predicted := after.sum()-before.sum()+before[itself], time.Duration(0)
	for _, idle := range c.idle {
		predicted += time.Duration(idle * float64(elapsed))
	}
	for u, n := range done {
		predicted += c.processor[u].sum() * time.Duration(n)
	}
	b.out.note("%d people, a request each a second: predicted %.0f %% of one processor, used %.0f %%", n,
		100*float64(predicted)/float64(elapsed), 100*float64(used)/float64(elapsed))
	return nil
}
