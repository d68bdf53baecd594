package main

import (
	"cmp"
	"net/http"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

const (
	// maxStatusCount is where the counts of the status stop. Counting must not add to an outage.
	maxStatusCount = 10_000
	// shownDeadLetters is the number of dead letters in the status.
	shownDeadLetters = 5
)

// forAdministrators passes requests to h whose caller is an administrator.
func (s *service) forAdministrators(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		ctx := r.Context()
		var admin bool
		err := s.db.InTx(ctx, func(tx pgx.Tx) error {
			u, err := postgres.UserByID(ctx, tx, c.UserID)
			admin = u.Admin
			return err
		})
		if err == nil && !admin {
			err = task.Errorf(task.CodeForbidden, "only administrators may see this")
			s.logRefusal(r, c, err)
		}
		if err != nil {
			return err
		}
		return h(w, r, c)
	}
}

// getStatus returns the state of the system. It names no person and no task.
func (s *service) getStatus(w http.ResponseWriter, r *http.Request, _ caller) error {
	ctx := r.Context()
	var state postgres.Status
	var letters []postgres.DeadLetter
	err := s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		if state, err = postgres.ReadStatus(ctx, tx, s.now(), maxStatusCount); err != nil {
			return err
		}
		letters, err = postgres.LastDeadLetters(ctx, tx, shownDeadLetters)
		return err
	})
	if err != nil {
		return err
	}
	answer := apiv1.Status{
		Version: server.Version(), Sidecar: "none",
		Outbox:     apiv1.OutboxStatus{Pending: state.Pending, PendingSince: state.PendingSince, PublishedAt: state.PublishedAt},
		Reminders:  apiv1.ReminderStatus{Late: state.LateReminders, Unscheduled: state.UnscheduledReminders, NextAt: state.NextReminder},
		Deliveries: apiv1.DeliveryStatus{Waiting: state.WaitingDeliveries},
		Letters:    apiv1.DeadLetterStatus{Waiting: state.WaitingDeadLetters, Last: []apiv1.DeadLetter{}},
	}
	for _, l := range letters {
		answer.Letters.Last = append(answer.Letters.Last, apiv1.DeadLetter{
			Topic: cmp.Or(l.Topic, "unknown"), Type: cmp.Or(l.Type, "unknown"), Reason: l.Reason, Times: l.Times, LastAt: l.LastAt.UTC(),
		})
	}
	if up := s.sidecarUp(); up != nil {
		answer.Sidecar = "up"
		if up(ctx) != nil {
			answer.Sidecar = "away"
		}
	}
	if code := task.ErrorCode(s.db.CheckDisk(ctx)); code == task.CodeDiskFull {
		answer.Problem = string(code)
	}
	return server.Encode(w, http.StatusOK, answer)
}
