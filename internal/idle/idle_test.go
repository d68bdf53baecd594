package idle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"taskmaster/internal/idle"
)

const after = time.Minute

func TestATouchWakesAndKeepsAwake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := idle.New(after)
		if !m.Awake() {
			t.Error("a new service is asleep")
		}
		time.Sleep(after / 2)
		m.Touch()
		time.Sleep(after - time.Second)
		if !m.Awake() {
			t.Error("asleep less than a minute after the last touch")
		}
		time.Sleep(time.Second)
		if m.Awake() {
			t.Error("awake a minute after the last touch")
		}
		woken := make(chan error, 1)
		go func() { woken <- m.Wait(t.Context()) }()
		synctest.Wait()
		select {
		case <-woken:
			t.Fatal("Wait returned while the service was asleep")
		default:
		}
		m.Touch()
		if err := <-woken; err != nil {
			t.Error(err)
		}
	})
}

func TestAServiceWakesInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := idle.New(after)
		m.WakeIn(2 * time.Hour)
		m.WakeIn(3 * time.Hour)
		start := time.Now()
		for _, want := range []time.Duration{after, 3*time.Hour + after} {
			if err := m.WaitAsleep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want {
				t.Errorf("fell asleep after %v, want %v", got, want)
			}
			if want > after {
				break
			}
			if err := m.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestReadinessReportsTheLastResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := idle.New(after)
		asked, away := 0, error(nil)
		check := m.LastSeen(func(context.Context) error { asked++; return away })
		expect := func(times int, want error) {
			t.Helper()
			if err := check(t.Context()); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if asked != times {
				t.Errorf("the database was asked %d times, want %d", asked, times)
			}
		}
		expect(1, nil)
		time.Sleep(after)
		expect(1, nil)
		m.Touch()
		away = errors.New("away")
		expect(2, away)
		time.Sleep(after)
		expect(3, away) // a failure is checked again
		away = nil
		expect(4, nil)
		expect(4, nil)
	})
}

func TestWithoutAMonitorAServiceIsAlwaysAwake(t *testing.T) {
	t.Parallel()
	m := idle.New(0)
	m.Touch()
	m.WakeIn(time.Nanosecond)
	if !m.Awake() {
		t.Error("asleep")
	}
	if err := m.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := m.WaitAsleep(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want no sleep", err)
	}
	away := errors.New("away")
	if err := m.LastSeen(func(context.Context) error { return away })(t.Context()); !errors.Is(err, away) {
		t.Errorf("got %v, want the result of the check", err)
	}
}
