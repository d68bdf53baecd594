package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// storeUser stores the settings of a locked user. After a change of the time zone, whole days begin
// and remind in the new zone. A reminder whose new time has just passed fires now instead of never.
func storeUser(ctx context.Context, tx pgx.Tx, before, u postgres.User, now time.Time) error {
	if err := postgres.UpdateUser(ctx, tx, u); err != nil || u.TimeZone == before.TimeZone {
		return err
	}
	tasks, err := postgres.MoveWholeDays(ctx, tx, u)
	if err != nil {
		return err
	}
	wanted := map[uuid.UUID]map[int]time.Time{}
	for _, t := range tasks {
		wanted[t.ID] = wantedReminders(t, now)
		for number, at := range wanted[t.ID] {
			if at.Before(now) {
				wanted[t.ID][number] = now
			}
		}
	}
	return postgres.MoveReminders(ctx, tx, u.ID, wanted)
}
