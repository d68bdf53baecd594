package plan

import (
	"context"
	"fmt"
)

// Within returns a context that ends after the step's timeout. The cause of its error states the
// limit.
func (s Step) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("it took longer than %v: %w", s.Timeout, context.DeadlineExceeded))
}
