package plan

import (
	"context"
	"fmt"
)

// Within returns a context for the step's command, which ends after the step's timeout and then says so as its cause.
func (s Step) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("it took longer than %v: %w", s.Timeout, context.DeadlineExceeded))
}
