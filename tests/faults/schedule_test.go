package main

import (
	"testing"
	"time"
)

// take returns the first faults of a schedule.
func take(seed uint64, pace float64, n int) []fault {
	plan := newSchedule(seed, pace)
	list := make([]fault, n)
	for i := range list {
		list[i] = plan.next()
	}
	return list
}

func TestSeedNamesSchedule(t *testing.T) {
	t.Parallel()
	const n = 200
	first, again, other := take(7, 1, n), take(7, 1, n), take(8, 1, n)
	same := 0
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("the same seed gives %v and %v", first[i], again[i])
		}
		if first[i] == other[i] {
			same++
		}
	}
	if same > n/10 {
		t.Errorf("of %d faults another seed gives %d the same", n, same)
	}
}

// Every kind comes first, once. Soon every kind has happened to every victim.
func TestScheduleLeavesNothingOut(t *testing.T) {
	t.Parallel()
	all := everyFault() - len(kinds)
	type pair struct {
		kind   kind
		victim victim
	}
	first, pairs := map[kind]bool{}, map[pair]bool{}
	for i, f := range take(7, 1, everyFault()) {
		if i < len(kinds) {
			first[f.kind] = true
		}
		pairs[pair{f.kind, f.victim}] = true
	}
	if len(first) != len(kinds) {
		t.Errorf("the first %d faults are of the kinds %v", len(kinds), first)
	}
	if len(pairs) != all {
		t.Errorf("%d of %d happen", len(pairs), all)
	}
}

// A victim never has two faults at the same time, and there are never more than two in all.
func TestScheduleIsSurvivable(t *testing.T) {
	t.Parallel()
	for _, pace := range []float64{1, 0.2} {
		list := take(7, pace, 500)
		for i, f := range list {
			if f.length < time.Duration(float64(lengths[f.kind][0])*pace) {
				t.Errorf("%s is too short", f)
			}
			under := 0
			for _, earlier := range list[:i] {
				end := earlier.start + earlier.length
				if end > f.start {
					under++
				}
				if earlier.victim == f.victim && end >= f.start {
					t.Errorf("%s has not ended when this begins: %s", earlier, f)
				}
			}
			if under >= atOnce {
				t.Errorf("when %s begins %d others are under way", f, under)
			}
		}
	}
}
