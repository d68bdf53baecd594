package rollout

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"taskmaster/ci/plan"
)

// inspect reads the record of a stack.
func (r *Rollout) inspect(ctx context.Context, s plan.Stack) (plan.Record, error) {
	if err := r.Do(ctx, plan.Inspect(s)); err != nil {
		return plan.Record{}, err
	}
	history, err := r.read(s.HistoryFile())
	if err != nil {
		return plan.Record{}, err
	}
	tags, err := r.read(s.TagsFile())
	if err != nil {
		return plan.Record{}, err
	}
	record, err := plan.ParseRecord(history, tags)
	if err != nil {
		return plan.Record{}, fmt.Errorf("read the releases of %s: %w", s.Name, err)
	}
	return record, nil
}

func (r *Rollout) read(file string) ([]byte, error) {
	return os.ReadFile(r.path(file))
}

func (r *Rollout) path(file string) string { return filepath.Join(r.Root, filepath.FromSlash(file)) }
