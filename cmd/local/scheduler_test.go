package main

import (
	"context"
	"testing"
	"time"

	schedulerv1 "github.com/dapr/dapr/pkg/proto/scheduler/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"taskmaster/cmd/local/supervise"
)

// A killed scheduler cannot return its leadership, whose lease lasts 20 seconds. The next scheduler
// leads at once all the same, and has the jobs.
func TestKilledSchedulerLeadsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	address := loopback("", f.layout.scheduler)
	lead := func() {
		t.Helper()
		if err := supervise.Await(t.Context(), "scheduler", func(ctx context.Context) error { return checkLeadership(ctx, address) }); err != nil {
			t.Fatal(err)
		}
	}
	lead()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	client := schedulerv1.NewSchedulerClient(conn)
	metadata := &schedulerv1.JobMetadata{
		AppId: "api", Namespace: "taskmaster",
		Target: &schedulerv1.JobTargetMetadata{Type: &schedulerv1.JobTargetMetadata_Job{Job: &schedulerv1.TargetJob{}}},
	}
	due := "2999-01-01T00:00:00Z"
	_, err = client.ScheduleJob(t.Context(), &schedulerv1.ScheduleJobRequest{
		Name: "kept", Job: &schedulerv1.Job{DueTime: &due}, Metadata: metadata,
	})
	if err != nil {
		t.Fatal(err)
	}

	// A busy machine may be slow once. The lease would delay every start.
	const lease = 20 * time.Second
	var took []time.Duration
	for range 3 {
		if err := f.schedulerProcess.Kill(); err != nil {
			t.Fatal(err)
		}
		f.startScheduler()
		began := time.Now()
		lead()
		took = append(took, time.Since(began).Round(time.Millisecond))
		if took[len(took)-1] < lease*3/4 {
			break
		}
	}
	t.Logf("the leadership took %v", took)
	if last := took[len(took)-1]; last >= lease*3/4 {
		t.Errorf("the leadership took %v after each kill, as if it had waited for the lease", took)
	}
	got, err := client.GetJob(t.Context(), &schedulerv1.GetJobRequest{Name: "kept", Metadata: metadata}, grpc.WaitForReady(true))
	if err != nil || got.GetJob().GetDueTime() != due {
		t.Errorf("after the kill the job is %v (%v), want one due at %s", got, err, due)
	}
}
