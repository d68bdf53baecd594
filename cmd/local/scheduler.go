package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	schedulerv1 "github.com/dapr/dapr/pkg/proto/scheduler/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// leadershipPatience is the time without leadership after which the log gives the reason.
const leadershipPatience = 5 * time.Second

func (s *system) startScheduler(ctx, life context.Context) error {
	spec := s.plan.scheduler()
	s.scheduler = s.program(spec, processState{Name: "scheduler", Role: "scheduler", Replica: 1, Address: loopback("", s.layout.scheduler)})
	if err := s.launch(life, s.scheduler); err != nil {
		return err
	}
	if err := awaitURL(ctx, "scheduler", spec.ready); err != nil {
		return err
	}
	began, told := time.Now(), false
	return await(ctx, "scheduler", func(ctx context.Context) error {
		err := leads(ctx, loopback("", s.layout.scheduler))
		if err != nil && !told && time.Since(began) > leadershipPatience {
			told = true
			s.log.Printf("the scheduler was killed the last time; its leadership ends within 20 seconds, then everything starts")
		}
		return err
	})
}

// leads succeeds once the scheduler takes jobs. It is healthy before: while the lease of a killed scheduler lasts it answers
// nobody, and the sidecars and the api complain. It tells its hosts as soon as it has the leadership.
func leads(ctx context.Context, address string) error {
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
