package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/testkit"
)

// inheritedListener is the file descriptor of the listener that a child inherits, the first after
// the standard ones.
const inheritedListener = 3

// child starts notifier as a separate process.
func (f *fixture) child(t *testing.T) (*harness, *os.Process) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	inherited, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1", "DATABASE_URL="+f.url, "APP_API_TOKEN="+appToken,
		"WEBHOOK_ALLOW_NETWORKS=127.0.0.0/8", "LOG_LEVEL=warn")
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Stderr = t.Output()
	err = cmd.Start()
	// The listener now belongs to the child alone. When the child is gone, connections are refused.
	ln.Close()
	inherited.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	testkit.WithState(t, patience, func() (bool, string) {
		answer, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false, err.Error()
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK, answer.Status
	})
	return &harness{addr: addr}, cmd.Process
}

// runAsChild runs notifier on the inherited listener. Nobody else can have taken its port.
func runAsChild() int {
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ln, err := net.FileListener(os.NewFile(inheritedListener, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stderr, run(context.Background(), cfg, ln, server.NewLog(os.Stderr, cfg.Shared())))
	return 1
}

// TestKilledBetweenSendAndMark kills the process after the receiver has the message and before the
// process records it.
func TestKilledBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var process *os.Process
	var started sync.Mutex
	started.Lock()
	h := newHook(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			started.Lock()
			if err := process.Kill(); err != nil {
				t.Errorf("kill notifier: %v", err)
			}
			<-r.Context().Done() // the connection breaks with the process
		}
	})
	f.addChannel(t, h.channel())
	victim, p := f.child(t)
	process = p
	started.Unlock()
	e := f.reminder(t, f.user, "x")
	victim.want(t, e)
	testkit.WithState(t, patience, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if d := f.settled(t, f.user, 1, postgres.DeliveryPending)[0]; d.Attempts != 0 {
		t.Fatalf("got %+v, want an attempt that was not noted", d)
	}

	// Only the queue's leader rescues jobs. The dead process is the leader until its lease ends
	// after 15 seconds. End it now.
	f.exec(t, `DELETE FROM river_leader`)
	// The job belongs to the dead process until the attempt is older than a minute. Make it older.
	f.exec(t, `UPDATE river_job SET attempted_at = attempted_at - interval '2 minutes' WHERE state = 'running'`)
	survivor := f.start(t, testTiming)
	survivor.want(t, e) // the sidecar repeats the event, because it may not have been acknowledged
	d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]
	got := h.received()
	if len(got) != 2 || got[0].ID != d.ID.String() || got[1].ID != got[0].ID {
		t.Errorf("got messages %v, want the delivery %s twice", got, d.ID)
	}
	if d.Attempts != 1 {
		t.Errorf("got %d attempts, want 1", d.Attempts)
	}
}

func TestStopLetsAttemptsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	answer := make(chan struct{})
	h := newHook(t, func(int, http.ResponseWriter, *http.Request) {
		<-answer
	})
	f.addChannel(t, h.channel())
	n := f.start(t, testTiming)
	n.want(t, f.reminder(t, f.user, "x"))
	testkit.WithState(t, patience, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	go func() {
		// The stop closes the listener first and drains the queue last.
		for {
			conn, err := net.Dial("tcp", n.addr)
			if err != nil {
				break
			}
			conn.Close()
			time.Sleep(time.Millisecond)
		}
		close(answer)
	}()
	n.stop()
	if d := f.deliveries(t, f.user)[0]; d.State != postgres.DeliverySent || d.Attempts != 1 {
		t.Errorf("got %+v when notifier had stopped, want it sent", d)
	}
}

// The receiver takes longer than a stopping process waits.
func TestAttemptThatAStopBreaksOffIsNotCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusBadGateway)
	})
	f.addChannel(t, h.channel())
	hurried := testTiming
	hurried.attempt, hurried.rescue, hurried.stop = patience, 3*patience, 50*time.Millisecond
	n := f.start(t, hurried)
	n.want(t, f.reminder(t, f.user, "x"))
	testkit.WithState(t, patience, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	n.stop()
	if d := f.deliveries(t, f.user)[0]; d.State != postgres.DeliveryPending || d.Attempts != 0 {
		t.Errorf("got %+v when notifier had stopped, want it pending", d)
	}
	f.start(t, testTiming)
	want := len(testTiming.schedule) + 1
	if d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]; d.Attempts != want {
		t.Errorf("it was given up after %d attempts, want %d", d.Attempts, want)
	}
	if got := len(h.received()); got != 1+want {
		t.Errorf("got %d messages, want %d and the one that was broken off", got, want)
	}
}

func TestSlowReceiverHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := make(chan struct{})
	slow := newHook(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-other:
		case <-r.Context().Done():
		}
	})
	c := slow.channel()
	c.URL += "&slow"
	for i := range 20 {
		c.URL += strconv.Itoa(i)
		f.addChannel(t, c)
	}
	patient := testTiming
	patient.attempt, patient.rescue = 2*patience, 3*patience
	n := f.start(t, patient)
	const events = 2 * maxWebhooks / 20
	for i := range events {
		n.want(t, f.reminder(t, f.user, strconv.Itoa(i)))
	}
	testkit.WithState(t, patience, func() (bool, string) {
		return len(slow.received()) == maxOfUser, fmt.Sprintf("%d attempts are under way, want %d", len(slow.received()), maxOfUser)
	})

	quick, somebody := newHook(t, nil), f.newUser(t)
	c = quick.channel()
	c.UserID = somebody
	f.addChannel(t, c)
	n.want(t, f.reminder(t, somebody, "x"))
	f.settled(t, somebody, 1, postgres.DeliverySent)
	if got := len(slow.received()); got != maxOfUser {
		t.Errorf("%d attempts of one user were made at once, want %d", got, maxOfUser)
	}
	close(other)
	f.settledWithin(t, snoozePatience, f.user, 20*events, postgres.DeliverySent)
}

func TestChannelTakenAwayInBetween(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sql, want string }{
		"deleted":  {`DELETE FROM channels`, "the channel was deleted"},
		"disabled": {`UPDATE channels SET enabled = false`, "the channel is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			h := newHook(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				f.exec(t, tt.sql)
				w.WriteHeader(http.StatusInternalServerError)
			})
			f.addChannel(t, h.channel())
			f.start(t, testTiming).want(t, f.reminder(t, f.user, "x"))
			d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]
			if d.Reason != tt.want || len(h.received()) != 1 {
				t.Errorf("got %q after %d messages, want %q after one", d.Reason, len(h.received()), tt.want)
			}
		})
	}
}

func TestAccountDeletedInBetween(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		f.exec(t, `DELETE FROM users`)
		w.WriteHeader(http.StatusInternalServerError)
	})
	f.addChannel(t, h.channel())
	f.start(t, testTiming).want(t, f.reminder(t, f.user, "x"))
	testkit.WithState(t, patience, func() (bool, string) {
		state := f.jobState(t)
		return state == "completed", "the job is " + state
	})
	if got := len(h.received()); got != 1 {
		t.Errorf("got %d messages, want one", got)
	}
}

// TestOutcomeIsStoredWhenTheDatabaseIsBack breaks the database between send and mark.
func TestOutcomeIsStoredWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	away := make(chan struct{})
	h := newHook(t, func(n int, _ http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			f.exec(t, `ALTER TABLE deliveries RENAME TO away`)
			close(away)
		}
	})
	f.addChannel(t, h.channel())
	log := &testkit.LogBuffer{}
	f.startLogging(t, testTiming, log).want(t, f.reminder(t, f.user, "x"))
	select {
	case <-away:
	case <-time.After(patience):
		t.Fatal("no message came")
	}
	f.exec(t, `ALTER TABLE away RENAME TO deliveries`)
	if f.settled(t, f.user, 1, postgres.DeliverySent); len(h.received()) != 1 {
		t.Errorf("got %d messages, want one: %s", len(h.received()), log)
	}
}

func TestTiming(t *testing.T) {
	t.Parallel()
	var total time.Duration
	for attempt := 1; ; attempt++ {
		wait, ok := defaultTiming.next(4711, attempt)
		if !ok {
			if attempt != 10 {
				t.Errorf("the last attempt is %d, want 10", attempt)
			}
			break
		}
		base := defaultTiming.schedule[attempt-1]
		if again, _ := defaultTiming.next(4711, attempt); wait < base || wait > base+base/10 || again != wait {
			t.Errorf("attempt %d: got %v and then %v, want the same, %v and up to a tenth", attempt, wait, again, base)
		}
		total += base
	}
	if want := 75*time.Hour + 35*time.Minute + 5*time.Second; total != want {
		t.Errorf("got %v in all, want %v", total, want)
	}
	if d := defaultTiming; d.rescue <= d.attempt+d.mark {
		t.Errorf("a job is taken for dead after %v, though it may live for %v", d.rescue, d.attempt+d.mark)
	}
}
