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
)

// inheritedListener is the file by which a child has its parent's listener: the first after the standard ones.
const inheritedListener = 3

// child starts notifier as a process of its own.
func (b *bed) child(t *testing.T) (*instance, *os.Process) {
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
	cmd.Env = append(os.Environ(), childEnv+"=1", "DATABASE_URL="+b.url, "APP_API_TOKEN="+appToken,
		"WEBHOOK_ALLOW_NETWORKS=127.0.0.0/8", "LOG_LEVEL=warn")
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Stderr = t.Output()
	err = cmd.Start()
	// From now on it is the child's alone: what it does not answer is refused.
	ln.Close()
	inherited.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, func() (bool, string) {
		answer, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false, err.Error()
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK, answer.Status
	})
	return &instance{addr: addr}, cmd.Process
}

// runAsChild is main on the parent's listener, whose port nobody else can have taken.
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

// TestKilledBetweenSendAndMark kills the process when the receiver has the message and the process does not know yet.
func TestKilledBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	var process *os.Process
	var started sync.Mutex
	started.Lock()
	h := newHook(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			started.Lock()
			if err := process.Kill(); err != nil {
				t.Errorf("kill notifier: %v", err)
			}
			<-r.Context().Done() // the connection breaks when the process is gone
		}
	})
	b.addChannel(t, h.channel())
	victim, p := b.child(t)
	process = p
	started.Unlock()
	e := b.reminder(t, b.user, "x")
	victim.want(t, e)
	eventually(t, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if d := b.settled(t, b.user, 1, postgres.DeliveryPending)[0]; d.Attempts != 0 {
		t.Fatalf("got %+v, want an attempt that was not noted", d)
	}

	// The queue's leader, who alone takes jobs from the dead, is the dead process until its lease ends, which is a quarter of a
	// minute: let it end now.
	b.exec(t, `DELETE FROM river_leader`)
	// The job is the dead process's until that is long enough ago to be sure, which is a minute: let it be one.
	b.exec(t, `UPDATE river_job SET attempted_at = attempted_at - interval '2 minutes' WHERE state = 'running'`)
	survivor := b.start(t, testTiming)
	survivor.want(t, e) // the sidecar delivers it again: nobody acknowledged it for certain
	d := b.settled(t, b.user, 1, postgres.DeliverySent)[0]
	got := h.received()
	if len(got) != 2 || got[0].ID != d.ID.String() || got[1].ID != got[0].ID || d.Attempts != 1 {
		t.Errorf("got messages %v and delivery %+v, want the same message twice", got, d)
	}
}

func TestStopLetsAttemptsEnd(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	answer := make(chan struct{})
	h := newHook(t, func(int, http.ResponseWriter, *http.Request) {
		<-answer
	})
	b.addChannel(t, h.channel())
	n := b.start(t, testTiming)
	n.want(t, b.reminder(t, b.user, "x"))
	eventually(t, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	go func() {
		// The listener is closed first, the queue is drained last.
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
	if d := b.deliveries(t, b.user)[0]; d.State != postgres.DeliverySent || d.Attempts != 1 {
		t.Errorf("got %+v when notifier had stopped, want it sent", d)
	}
}

// The receiver takes longer than a process that stops may wait.
func TestAttemptThatAStopBreaksOffIsNotCounted(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	h := newHook(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusBadGateway)
	})
	b.addChannel(t, h.channel())
	hurried := testTiming
	hurried.attempt, hurried.rescue, hurried.stop = patience, 3*patience, 50*time.Millisecond
	n := b.start(t, hurried)
	n.want(t, b.reminder(t, b.user, "x"))
	eventually(t, func() (bool, string) { return len(h.received()) == 1, "no message came" })
	n.stop()
	if d := b.deliveries(t, b.user)[0]; d.State != postgres.DeliveryPending || d.Attempts != 0 {
		t.Errorf("got %+v when notifier had stopped, want it pending", d)
	}
	b.start(t, testTiming)
	want := len(testTiming.schedule) + 1
	if d := b.settled(t, b.user, 1, postgres.DeliveryGivenUp)[0]; d.Attempts != want {
		t.Errorf("it was given up after %d attempts, want %d", d.Attempts, want)
	}
	if got := len(h.received()); got != 1+want {
		t.Errorf("got %d messages, want %d and the one that was broken off", got, want)
	}
}

func TestSlowReceiverHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	other := make(chan struct{})
	slow := newHook(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-other:
		case <-r.Context().Done():
		}
	})
	c := slow.channel()
	c.URL += "&slow"
	for range 20 {
		b.addChannel(t, c)
	}
	patient := testTiming
	patient.attempt, patient.rescue = 2*patience, 3*patience
	n := b.start(t, patient)
	const events = 2 * maxWebhooks / 20
	for i := range events {
		n.want(t, b.reminder(t, b.user, strconv.Itoa(i)))
	}
	eventually(t, func() (bool, string) {
		return len(slow.received()) == maxOfUser, fmt.Sprintf("%d attempts are under way, want %d", len(slow.received()), maxOfUser)
	})

	quick, somebody := newHook(t, nil), b.newUser(t)
	c = quick.channel()
	c.UserID = somebody
	b.addChannel(t, c)
	n.want(t, b.reminder(t, somebody, "x"))
	b.settled(t, somebody, 1, postgres.DeliverySent)
	if got := len(slow.received()); got != maxOfUser {
		t.Errorf("%d attempts of one user were made at once, want %d", got, maxOfUser)
	}
	close(other)
	b.settledWithin(t, snoozePatience, b.user, 20*events, postgres.DeliverySent)
}

func TestChannelTakenAwayInBetween(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sql, want string }{
		"deleted":  {`DELETE FROM channels`, "the channel was deleted"},
		"disabled": {`UPDATE channels SET enabled = false`, "the channel is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			h := newHook(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				b.exec(t, tt.sql)
				w.WriteHeader(http.StatusInternalServerError)
			})
			b.addChannel(t, h.channel())
			b.start(t, testTiming).want(t, b.reminder(t, b.user, "x"))
			d := b.settled(t, b.user, 1, postgres.DeliveryGivenUp)[0]
			if d.Reason != tt.want || len(h.received()) != 1 {
				t.Errorf("got %q after %d messages, want %q after one", d.Reason, len(h.received()), tt.want)
			}
		})
	}
}

func TestAccountDeletedInBetween(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	h := newHook(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		b.exec(t, `DELETE FROM users`)
		w.WriteHeader(http.StatusInternalServerError)
	})
	b.addChannel(t, h.channel())
	b.start(t, testTiming).want(t, b.reminder(t, b.user, "x"))
	eventually(t, func() (bool, string) {
		state := b.jobState(t)
		return state == "completed", "the job is " + state
	})
	if got := len(h.received()); got != 1 {
		t.Errorf("got %d messages, want one", got)
	}
}

// TestEndIsNotedWhenTheDatabaseIsBack breaks the database between send and mark.
func TestEndIsNotedWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	away := make(chan struct{})
	h := newHook(t, func(n int, _ http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			b.exec(t, `ALTER TABLE deliveries RENAME TO away`)
			close(away)
		}
	})
	b.addChannel(t, h.channel())
	log := &logged{}
	b.startLogging(t, testTiming, log).want(t, b.reminder(t, b.user, "x"))
	select {
	case <-away:
	case <-time.After(patience):
		t.Fatal("no message came")
	}
	b.exec(t, `ALTER TABLE away RENAME TO deliveries`)
	if b.settled(t, b.user, 1, postgres.DeliverySent); len(h.received()) != 1 {
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
