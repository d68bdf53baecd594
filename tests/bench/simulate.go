package main

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// atNine is the part of a day's reminders that are due at 09:00 exactly, the default of whole
	// days. It is an assumption, like day. The simulated hour begins then.
	atNine = 0.3
	// reminderLimit is how late a reminder may be (US3.2 of the specification).
	reminderLimit = 10 * time.Second
)

// hour is the outcome of a simulated busiest hour.
type hour struct {
	// busy is the part of all processors that was used.
	busy float64
	// click is how long a request waits for a processor, in all seconds but the worst 1 %. The
	// reminders of 09:00 are among the work that it waits for.
	click time.Duration
	// nine is the number of reminders at 09:00, and handled is the time until they and all other work
	// are done.
	nine    float64
	handled time.Duration
	// slowest is the process that works longest on the reminders of 09:00. With inTime processors it
	// takes reminderLimit.
	slowest string
	inTime  int
}

// server is a process with processors of its own. It works on what has arrived, in order.
type server struct{ processors, waiting float64 } // waiting is in seconds of one processor

// serve adds work and lets a second pass. It returns how many seconds the last work waits.
func (s *server) serve(work float64) float64 {
	s.waiting = math.Max(0, s.waiting+work-s.processors)
	return s.waiting / s.processors
}

// simulate lets people act for the busiest hour with the processors that forecast gives them. How
// many of them do something in a second is random (Poisson). A process has whole processors, and
// all processes together have those of the nodes.
func simulate(c *costs, people int, seed uint64) hour {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the numbers need no secrecy
	nodes := server{processors: float64(forecast(c, people).nodes) * nodeProcessors}
	own := map[string]*server{}
	for name, load := range loads(c, people) {
		own[name] = &server{processors: math.Max(1, math.Ceil(load/utilization))}
	}
	names := slices.Sorted(maps.Keys(own))

	h := hour{nine: float64(people) * day[unitReminder] * atNine}
	used, waits := 0.0, make([]float64, 3600)
	for second := range waits {
		arrived := map[unit]float64{unitSocket: socketsOf(people) / 3600} // each works for a second of its hour
		for _, u := range []unit{unitPage, unitList, unitChange, unitReminder} {
			arrived[u] = poisson(random, perSecond(people, u))
		}
		if second == 0 {
			arrived[unitReminder] += h.nine
		}
		all := 0.0
		for _, name := range names {
			work := 0.0
			for u, count := range arrived {
				work += count * c.processor[u][name].Seconds()
			}
			all += work
			waits[second] = math.Max(waits[second], own[name].serve(work))
		}
		used += all
		waits[second] = math.Max(waits[second], nodes.serve(all))
		if h.handled == 0 && waits[second] == 0 {
			h.handled = time.Duration(second+1) * time.Second
		}
	}
	h.busy = used / nodes.processors / float64(len(waits))
	slices.Sort(waits)
	h.click = time.Duration(waits[len(waits)*99/100] * float64(time.Second))
	for _, name := range names {
		need := int(math.Ceil(h.nine * c.processor[unitReminder][name].Seconds() / reminderLimit.Seconds()))
		if need > h.inTime {
			h.slowest, h.inTime = name, need
		}
	}
	return h
}

// poisson returns how many of many independent people do something that mean of them do on average.
func poisson(random *rand.Rand, mean float64) float64 {
	if mean > 100 { // the normal distribution is within 1 % of it
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64()))
	}
	n, product := 0.0, random.Float64()
	for limit := math.Exp(-mean); product > limit; n++ {
		product *= random.Float64()
	}
	return n
}

// simulationTable returns simulated hours of numbers of people.
func simulationTable(c *costs, sizes []int) []string {
	lines := []string{"", "| people | processors busy | wait of a request, p99 | reminders at 09:00 | all done after | most work on them | its processors for " +
		strings.TrimSuffix(reminderLimit.String(), "s") + " s |", "|--:|--:|--:|--:|--:|---|--:|"}
	for _, people := range sizes {
		h := simulate(c, people, uint64(people))
		lines = append(lines, fmt.Sprintf("| %d | %.0f %% | %v | %.0f | %v | %s | %d |", people, 100*h.busy, h.click.Round(10*time.Millisecond), h.nine, h.handled, h.slowest, h.inTime))
	}
	return lines
}
