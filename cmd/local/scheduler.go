package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	schedulerv1 "github.com/dapr/dapr/pkg/proto/scheduler/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"taskmaster/cmd/local/supervise"
)

// leadershipPatience is how long the scheduler may be without leadership before the log explains why.
const leadershipPatience = 5 * time.Second

// startScheduler starts the scheduler and waits until it accepts jobs.
func (s *system) startScheduler(ctx, life context.Context) error {
	program, address := s.scheduler(), loopback("", s.layout.scheduler)
	s.schedulerUnit = s.programUnit(program, processState{Name: "scheduler", Role: "scheduler", Replica: 1, Address: address})
	if err := s.start(life, s.schedulerUnit); err != nil {
		return err
	}
	if err := supervise.AwaitURL(ctx, "scheduler", program.Ready); err != nil {
		return err
	}
	began, explained := time.Now(), false
	return supervise.Await(ctx, "scheduler", func(ctx context.Context) error {
		err := checkLeadership(ctx, address)
		if err != nil && !explained && time.Since(began) > leadershipPatience {
			explained = true
			s.log.Printf("the scheduler was killed the last time; its leadership ends within 20 seconds, then everything starts")
		}
		return err
	})
}

// checkLeadership succeeds once the scheduler accepts jobs. The scheduler is healthy before that.
// While the lease of a killed predecessor lasts, it answers no request, and sidecars and api log
// errors. It names its hosts as soon as it has the leadership.
func checkLeadership(ctx context.Context, address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to the scheduler: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stream, err := schedulerv1.NewSchedulerClient(conn).WatchHosts(ctx, &schedulerv1.WatchHostsRequest{})
	if err != nil {
		return fmt.Errorf("ask for the scheduler's hosts: %w", err)
	}
	hosts, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("ask for the scheduler's hosts: %w", err)
	}
	if len(hosts.GetHosts()) == 0 {
		return errors.New("the scheduler has no hosts")
	}
	return nil
}
