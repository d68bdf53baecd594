package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"taskmaster/internal/event"
)

const (
	// jobCalls is how often the scheduler calls a job that fails, and jobPause is the pause in between.
	jobCalls = 20
	jobPause = 200 * time.Millisecond
	// jobTick is how often the scheduler looks for due jobs.
	jobTick = 20 * time.Millisecond
)

// unreliableDapr is a sidecar with a broker and a scheduler behind it. All of them fail at random
// until calm is called. It speaks Dapr's gRPC protocol, so the replicas use their own client.
type unreliableDapr struct {
	runtimev1.UnimplementedDaprServer
	port int
	// callback sends a job to a replica and returns the status of the answer, or 0.
	callback func(ctx context.Context, job string) int
	// closed ends hanging calls.
	closed chan struct{}
	calls  sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
	calmed bool
	// refused names the one user whose task events the broker refuses, also after calm.
	refused uuid.UUID
	// outages are the parts that fail every call until an instant: a topic, or "scheduler".
	outages map[string]outage
	taken   []publication
	jobs    map[string]job
}

// outage is a time in which every call of a part fails. A call that hangs is never answered.
type outage struct {
	until time.Time
	hangs bool
}

// publication is an event that the broker has, as it came.
type publication struct {
	topic, key string
	raw        string
}

// job is a job of the scheduler. A lost one is never called.
type job struct {
	at, callAt time.Time
	lost       bool
}

var errUnreliable = status.Error(codes.Unavailable, "fails at random")

func newUnreliableDapr(t *testing.T, seed uint64) *unreliableDapr {
	t.Helper()
	d := &unreliableDapr{
		random: rand.New(rand.NewPCG(seed, 1)), closed: make(chan struct{}),
		outages: map[string]outage{}, jobs: map[string]job{},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.port = ln.Addr().(*net.TCPAddr).Port
	server := grpc.NewServer()
	runtimev1.RegisterDaprServer(server, d)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	d.calls.Go(func() { d.schedule(ctx) })
	t.Cleanup(func() {
		stop()
		close(d.closed)
		server.Stop()
		d.calls.Wait()
		if err := <-served; err != nil {
			t.Errorf("serve sidecar: %v", err)
		}
	})
	return d
}

// calm ends all random failures. It keeps refusing the task events of the refused user.
func (d *unreliableDapr) calm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calmed, d.outages = true, map[string]outage{}
}

// refuse makes the broker refuse all task events of a user. The nil UUID refuses nobody's.
func (d *unreliableDapr) refuse(user uuid.UUID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = user
}

func (d *unreliableDapr) breakFor(part string, length time.Duration, hangs bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outages[part] = outage{time.Now().Add(length), hangs}
}

// forgetJobs makes the scheduler lose a part of its jobs.
func (d *unreliableDapr) forgetJobs() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.jobs {
		if d.random.IntN(3) == 0 {
			delete(d.jobs, name)
		}
	}
}

// publications returns the events that the broker took so far, in order.
func (d *unreliableDapr) publications() []publication {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]publication{}, d.taken...)
}

// fate is the outcome of a call.
type fate struct {
	delay time.Duration
	hangs bool
	// done is false when the call has no effect, and answered is false when it returns an error.
	done, answered bool
	// partly is whether a call of several messages has an effect for a part of them.
	partly bool
}

// draw decides the fate of a call of a part.
func (d *unreliableDapr) draw(part string) fate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calmed {
		return fate{done: true, answered: true}
	}
	if o := d.outages[part]; time.Now().Before(o.until) {
		return fate{hangs: o.hangs}
	}
	switch n := d.random.IntN(1000); {
	case n < 2:
		return fate{hangs: true, done: d.random.IntN(2) == 0}
	case n < 40:
		return fate{}
	case n < 70:
		return fate{done: true}
	case n < 100:
		return fate{done: true, partly: true}
	default:
		return fate{delay: time.Duration(d.random.IntN(30)) * time.Millisecond, done: true, answered: true}
	}
}

// suffer waits as a call's fate wants, before its effect. It returns false when the caller is gone.
func (d *unreliableDapr) suffer(ctx context.Context, f fate) bool {
	var end <-chan time.Time
	if !f.hangs {
		end = time.After(f.delay)
	}
	select {
	case <-end:
		return true
	case <-ctx.Done():
	case <-d.closed:
	}
	return false
}

// PublishEvent is Dapr's call that publishes one event.
func (d *unreliableDapr) PublishEvent(ctx context.Context, r *runtimev1.PublishEventRequest) (*emptypb.Empty, error) {
	p := publication{r.GetTopic(), r.GetMetadata()["partitionKey"], string(r.GetData())}
	return &emptypb.Empty{}, d.publish(ctx, r.GetTopic(), []publication{p})
}

// BulkPublishEvent is Dapr's call that publishes several events.
func (d *unreliableDapr) BulkPublishEvent(ctx context.Context, r *runtimev1.BulkPublishRequest) (*runtimev1.BulkPublishResponse, error) {
	var all []publication
	for _, e := range r.GetEntries() {
		all = append(all, publication{r.GetTopic(), e.GetMetadata()["partitionKey"], string(e.GetEvent())})
	}
	return &runtimev1.BulkPublishResponse{}, d.publish(ctx, r.GetTopic(), all)
}

func (d *unreliableDapr) publish(ctx context.Context, topic string, all []publication) error {
	f := d.draw(topic)
	d.suffer(ctx, f) // a broker may take an event whose publisher has given up
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range all {
		switch {
		case topic == event.TopicTasks && p.key == d.refused.String():
			f.answered = false
		case f.done && (!f.partly || d.random.IntN(2) == 0):
			d.taken = append(d.taken, p)
		}
	}
	if !f.answered {
		return errUnreliable
	}
	return nil
}

// ScheduleJob is Dapr's call that sets a job.
func (d *unreliableDapr) ScheduleJob(ctx context.Context, r *runtimev1.ScheduleJobRequest) (*runtimev1.ScheduleJobResponse, error) {
	at, err := time.Parse(time.RFC3339Nano, r.GetJob().GetDueTime())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &runtimev1.ScheduleJobResponse{}, d.change(ctx, func() { d.jobs[r.GetJob().GetName()] = d.newJob(at) })
}

// newJob draws when a job is called: on time, early, late or never.
func (d *unreliableDapr) newJob(at time.Time) job {
	j := job{at: at, callAt: at}
	if d.calmed {
		return j
	}
	switch n := d.random.IntN(100); {
	case n < 8:
		j.callAt = at.Add(-time.Duration(d.random.IntN(3000)) * time.Millisecond)
	case n < 16:
		j.callAt = at.Add(time.Duration(d.random.IntN(4000)) * time.Millisecond)
	case n < 22:
		j.lost = true
	}
	return j
}

// DeleteJob is Dapr's call that removes a job.
func (d *unreliableDapr) DeleteJob(ctx context.Context, r *runtimev1.DeleteJobRequest) (*runtimev1.DeleteJobResponse, error) {
	return &runtimev1.DeleteJobResponse{}, d.change(ctx, func() { delete(d.jobs, r.GetName()) })
}

// change makes a change of the jobs, or fails. A call that its caller has given up changes nothing:
// the scheduler handles a job's calls in their order.
func (d *unreliableDapr) change(ctx context.Context, do func()) error {
	f := d.draw("scheduler")
	if there := d.suffer(ctx, f); !there {
		return errUnreliable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.done {
		do()
	}
	if !f.answered {
		return errUnreliable
	}
	return nil
}

// GetJob is Dapr's call that looks a job up.
func (d *unreliableDapr) GetJob(ctx context.Context, r *runtimev1.GetJobRequest) (*runtimev1.GetJobResponse, error) {
	if f := d.draw("scheduler"); !d.suffer(ctx, f) || !f.answered {
		return nil, errUnreliable
	}
	if _, ok := d.job(r.GetName()); !ok {
		return nil, status.Error(codes.NotFound, "there is no such job")
	}
	return &runtimev1.GetJobResponse{Job: &runtimev1.Job{Name: r.GetName()}}, nil
}

// job returns the instant of a job that the scheduler holds.
func (d *unreliableDapr) job(name string) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j, ok := d.jobs[name]
	return j.at, ok
}

// schedule calls due jobs until ctx ends.
func (d *unreliableDapr) schedule(ctx context.Context) {
	ticker := time.NewTicker(jobTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, name := range d.dueJobs(now) {
				d.calls.Go(func() { d.call(ctx, name) })
			}
		}
	}
}

// dueJobs takes the jobs that have to be called now. Some are called twice.
func (d *unreliableDapr) dueJobs(now time.Time) (due []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, j := range d.jobs {
		if j.callAt.After(now) {
			continue
		}
		delete(d.jobs, name)
		if j.lost {
			continue
		}
		due = append(due, name)
		if !d.calmed && d.random.IntN(5) == 0 {
			due = append(due, name)
		}
	}
	return due
}

// call calls a job until a replica answers that it is done.
func (d *unreliableDapr) call(ctx context.Context, name string) {
	for range jobCalls {
		switch code := d.callback(ctx, name); {
		case code/100 == 2, code == http.StatusNotFound, errors.Is(ctx.Err(), context.Canceled):
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(jobPause):
		}
	}
}
