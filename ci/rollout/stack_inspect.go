package rollout

import (
	"context"
	"fmt"

	"taskmaster/ci/plan"
)

// inspect reads the record of a stack.
func (r *Rollout) inspect(ctx context.Context, s plan.Stack) (plan.Record, error) {
	if err := r.Exec.Run(ctx, plan.Inspect(s)); err != nil {
		return plan.Record{}, err
	}
	history, err := r.Exec.Read(s.HistoryFile())
	if err != nil {
		return plan.Record{}, err
	}
	tags, err := r.Exec.Read(s.TagsFile())
	if err != nil {
		return plan.Record{}, err
	}
	record, err := plan.ParseRecord(history, tags)
	if err != nil {
		return plan.Record{}, fmt.Errorf("read the releases of %s: %w", s.Name, err)
	}
	return record, nil
}
