package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// atNine is the part of a day's reminders that are due at 09:00 exactly, the default of whole
	// days. It is an assumption, like day. The simulated hour begins then.
	atNine = 0.2
	// reminderLimit is how late a reminder may be (US3.2 of the specification).
	reminderLimit = 10 * time.Second
)

// hour is the outcome of a simulated busiest hour.
type hour struct {
	// busy is the part of all processors that was used.
	busy float64
	// click is how long a request waits for a processor, in all seconds but the worst 1 %.
	click time.Duration
	// nine is the number of reminders at 09:00, and handled is the time until they are done.
	nine    float64
	handled time.Duration
	// slowest is the process that works longest on the reminders of 09:00. With inTime processors it
	// takes reminderLimit.
	slowest string
	inTime  int
}

// server has processors. Requests go first, because few reminders are handled at a time. The reminders
// of 09:00 get the rest of each second.
type server struct{ processors, waiting, nine float64 } // waiting and nine are in seconds of one processor

// serve adds work and lets a second pass.
func (s *server) serve(work float64) {
	s.waiting += work
	left := max(0, s.processors-s.waiting)
	s.waiting = max(0, s.waiting-s.processors)
	s.nine = max(0, s.nine-left)
}

// simulate lets people act for the busiest hour with the processors that forecast gives them. How
// many of them do something in a second is random (Poisson). A process has whole processors, and
// all processes together have those of the nodes.
func simulate(c *costs, people int, seed uint64) hour {
	random := rand.New(rand.NewPCG(seed, 0))
	h := hour{nine: float64(people) * day[unitReminder] * atNine}
	nodes := &server{processors: float64(forecast(c, people).nodes) * nodeProcessors}
	servers, own := []*server{nodes}, map[string]*server{}
	for name, load := range loads(c, people) {
		nine := h.nine * c.processor[unitReminder][name].Seconds()
		own[name] = &server{processors: math.Max(1, math.Ceil(load/utilization)), nine: nine}
		nodes.nine += nine
		servers = append(servers, own[name])
		if need := int(math.Ceil(nine / reminderLimit.Seconds())); need > h.inTime || need == h.inTime && name < h.slowest {
			h.slowest, h.inTime = name, need
		}
	}

	used, waits := nodes.nine, make([]float64, 3600)
	for second := range waits {
		arrived := map[unit]float64{}
		for _, u := range []unit{unitPage, unitList, unitChange, unitReminder} {
			arrived[u] = poisson(random, perSecond(people, u))
		}
		arrived[unitSocket] = socketsOf(people) / 3600 // each works for a second of its hour
		all := 0.0
		for name, s := range own {
			work := c.idle[name]
			for u, count := range arrived {
				work += count * c.processor[u][name].Seconds()
			}
			s.serve(work)
			all += work
		}
		nodes.serve(all)
		used += all
		done := true
		for _, s := range servers {
			waits[second] = max(waits[second], s.waiting/s.processors)
			done = done && s.nine == 0
		}
		if done && h.handled == 0 {
			h.handled = time.Duration(second+1) * time.Second
		}
	}
	h.busy = used / nodes.processors / float64(len(waits))
	slices.Sort(waits)
	h.click = time.Duration(waits[len(waits)*99/100] * float64(time.Second))
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
	lines := []string{"", "| people | processors busy | wait of a request, p99 | reminders at 09:00 | all sent after | most work on them | its processors for " +
		strings.TrimSuffix(reminderLimit.String(), "s") + " s |", "|--:|--:|--:|--:|--:|---|--:|"}
	for _, people := range sizes {
		h := simulate(c, people, 1)
		handled := h.handled.String()
		if h.handled == 0 {
			handled = "more than an hour"
		}
		lines = append(lines, fmt.Sprintf("| %d | %.0f %% | %v | %.0f | %s | %s | %d |", people, 100*h.busy, h.click.Round(10*time.Millisecond),
			h.nine, handled, h.slowest, h.inTime))
	}
	return lines
}
