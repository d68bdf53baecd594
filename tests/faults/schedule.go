package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"taskmaster/tests/system"
)

// kind is a kind of fault.
type kind string

const (
	kill  kind = "kill"  // kill -9; the supervisor restarts the process
	hold  kind = "hold"  // killed again after every restart
	pause kind = "pause" // SIGSTOP, then SIGCONT
	cut   kind = "cut"   // the network resets all connections, and new ones
	stall kind = "stall" // the network drops all packets
	slow  kind = "slow"  // the network delays all packets
	full  kind = "full"  // the disk has no free byte
)

// lengths are the shortest and longest duration of each kind of fault.
var lengths = map[kind][2]time.Duration{
	kill: {}, hold: {5 * time.Second, 20 * time.Second}, pause: {2 * time.Second, 10 * time.Second},
	cut: {5 * time.Second, 20 * time.Second}, stall: {5 * time.Second, 20 * time.Second},
	slow: {10 * time.Second, 30 * time.Second}, full: {5 * time.Second, 15 * time.Second},
}

var kinds = []kind{kill, hold, pause, cut, stall, slow, full}

const (
	// minGap and maxGap limit the time between the beginnings of two faults.
	minGap, maxGap = 4 * time.Second, 14 * time.Second
	// rest is the time without faults for a victim after a fault.
	rest = 5 * time.Second
	// atOnce is the number of faults at the same time.
	atOnce = 2
)

// replicas is the supervisor's flag for services that run more than once.
const replicas = "api=2,recurring=2,notifier=2,live=2"

// victim is the target of a fault.
type victim struct {
	role, name string
	replica    int
}

// String returns the name of the process in the supervisor's log.
func (v victim) String() string {
	name := v.name
	if v.replica > 1 {
		name += "-" + strconv.Itoa(v.replica)
	}
	if v.role == system.RoleSidecar {
		name += "/dapr"
	}
	return name
}

var (
	broker   = victim{system.RoleBroker, system.RoleBroker, 1}
	postgres = victim{system.RolePostgres, system.RolePostgres, 1}
)

// victims returns all possible targets of a kind of fault.
func victims(k kind) []victim {
	switch k {
	case cut, stall, slow:
		return []victim{broker, postgres}
	case full:
		return []victim{broker}
	case kill, hold, pause:
	}
	list := []victim{broker, postgres, {system.RoleScheduler, system.RoleScheduler, 1}}
	for _, role := range []string{system.RoleService, system.RoleSidecar} {
		for _, name := range []string{"api", "recurring", "notifier", "live"} {
			list = append(list, victim{role, name, 1}, victim{role, name, 2})
		}
		list = append(list, victim{role, "web", 1})
	}
	return list
}

// fault is one entry of a schedule. Start counts from the first change.
type fault struct {
	number        int
	kind          kind
	victim        victim
	start, length time.Duration
}

// String returns the fault in one line.
func (f fault) String() string {
	s := fmt.Sprintf("fault %3d at %7.1f s: %-5s %s", f.number, f.start.Seconds(), f.kind, f.victim)
	if f.length > 0 {
		s += fmt.Sprintf(" for %.1f s", f.length.Seconds())
	}
	return s
}

// schedule is an endless list of faults that follows from the seed and the pace. It begins with one
// fault of each kind. Then it repeats every kind with every victim, each time in another random
// order.
type schedule struct {
	random *rand.Rand
	pace   float64
	deck   []fault
	last   fault
	until  map[victim]time.Duration // end of the last fault
}

// everyFault returns the length of a schedule in which every kind has happened to every victim.
func everyFault() int {
	n := len(kinds)
	for _, k := range kinds {
		n += len(victims(k))
	}
	return n
}

func newSchedule(seed uint64, pace float64) *schedule {
	s := &schedule{random: rand.New(rand.NewPCG(seed, seed)), pace: pace, until: map[victim]time.Duration{}}
	for _, k := range kinds {
		of := victims(k)
		s.deck = append(s.deck, fault{kind: k, victim: of[s.random.IntN(len(of))]})
	}
	s.shuffle()
	return s
}

func (s *schedule) shuffle() {
	s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
}

func (s *schedule) next() fault {
	if len(s.deck) == 0 {
		for _, k := range kinds {
			for _, v := range victims(k) {
				s.deck = append(s.deck, fault{kind: k, victim: v})
			}
		}
		s.shuffle()
	}
	f := s.deck[0]
	s.deck = s.deck[1:]
	f.number = s.last.number + 1
	f.length = s.draw(lengths[f.kind][0], lengths[f.kind][1])
	f.start = max(s.last.start+s.draw(minGap, maxGap), s.free(f.victim))
	s.until[f.victim] = f.start + f.length
	s.last = f
	return f
}

// free returns the earliest time for another fault of a victim: after its rest, and with fewer than
// atOnce faults under way.
func (s *schedule) free(v victim) time.Duration {
	var ends []time.Duration
	for _, end := range s.until {
		ends = append(ends, end)
	}
	slices.SortFunc(ends, func(a, b time.Duration) int { return int(b - a) })
	var free time.Duration
	if end, ok := s.until[v]; ok {
		free = end + s.scale(rest)
	}
	if len(ends) >= atOnce {
		free = max(free, ends[atOnce-1])
	}
	return free
}

// draw returns a random duration between two, multiplied by the pace and rounded for printing.
func (s *schedule) draw(shortest, longest time.Duration) time.Duration {
	d := shortest
	if longest > shortest {
		d += time.Duration(s.random.Int64N(int64(longest - shortest)))
	}
	return s.scale(d)
}

func (s *schedule) scale(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.pace).Round(100 * time.Millisecond)
}
