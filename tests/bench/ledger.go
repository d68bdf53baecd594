package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ledger records the arrivals of a crowd's events. It finds missing revisions of a user on a topic,
// events out of order and repetitions, and measures the time since each change. It ignores events
// of other users.
type ledger struct {
	mu         sync.Mutex
	began      time.Time
	partitions map[partition]*progress
	// lags are the delays of first arrivals, by minute of the change.
	lags         [][]time.Duration
	again, early int
	last         time.Time
}

// partition is a user and a topic.
type partition struct{ user, topic string }

// progress is the state of a partition. All revisions before next have arrived, and those in ahead.
type progress struct {
	next  int64
	ahead map[int64]bool
}

// newLedger returns a ledger that expects the revisions of users on topics after the given ones.
func newLedger(topics []string, revisions map[string]int64) *ledger {
	l := &ledger{began: time.Now(), partitions: map[partition]*progress{}}
	for user, revision := range revisions {
		for _, topic := range topics {
			l.partitions[partition{user, topic}] = &progress{next: revision + 1, ahead: map[int64]bool{}}
		}
	}
	return l
}

// begin resets times, order and repetitions.
func (l *ledger) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began, l.lags, l.again, l.early = time.Now(), nil, 0, 0
}

// take records an event that has just been handled.
func (l *ledger) take(topic string, cloudEvent []byte) error {
	now := time.Now()
	var e struct {
		Time time.Time `json:"time"`
		Data struct {
			UserID   string `json:"user_id"`
			Revision int64  `json:"revision"`
		} `json:"data"`
	}
	if err := json.Unmarshal(cloudEvent, &e); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.partitions[partition{e.Data.UserID, topic}]
	switch revision := e.Data.Revision; {
	case !ok:
		return nil
	case revision < at.next || at.ahead[revision]:
		l.again++
		return nil
	case revision > at.next:
		at.ahead[revision] = true
		l.early++
	default:
		for at.next++; at.ahead[at.next]; at.next++ {
			delete(at.ahead, at.next)
		}
	}
	minute := max(0, int(e.Time.Sub(l.began)/time.Minute))
	for len(l.lags) <= minute {
		l.lags = append(l.lags, nil)
	}
	l.lags[minute] = append(l.lags[minute], now.Sub(e.Time))
	l.last = now
	return nil
}

// complete returns an error with the number of missing events, unless all revisions up to those
// given have arrived.
func (l *ledger) complete(revisions map[string]int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missing, partitions int64
	for p, at := range l.partitions {
		if left := revisions[p.user] - at.next + 1 - int64(len(at.ahead)); left > 0 {
			missing, partitions = missing+left, partitions+1
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d events of %d users and topics are missing", missing, partitions)
	}
	return nil
}

// account is the result of a ledger.
type account struct {
	lags         []time.Duration
	byMinute     [][]time.Duration
	again, early int
	last         time.Time
}

func (l *ledger) account() account {
	l.mu.Lock()
	defer l.mu.Unlock()
	return account{slices.Concat(l.lags...), slices.Clone(l.lags), l.again, l.early, l.last}
}

// order describes events out of order and repetitions in words.
func (a account) order() string {
	return fmt.Sprintf("%d of %d out of their user's order, %d once more", a.early, len(a.lags), a.again)
}
