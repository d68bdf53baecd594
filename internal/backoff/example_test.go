package backoff_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"taskmaster/internal/backoff"
)

// Retry an operation until it succeeds or the context is cancelled.
func ExamplePolicy_Wait() {
	retry := backoff.Policy{Min: time.Millisecond, Max: time.Second}
	connect := func(attempt int) error {
		if attempt < 3 {
			return errors.New("connection refused")
		}
		return nil
	}
	for attempt := 1; ; attempt++ {
		err := connect(attempt)
		if err == nil {
			fmt.Println("connected with attempt", attempt)
			return
		}
		fmt.Println("connect:", err)
		if err := retry.Wait(context.Background(), attempt); err != nil {
			return
		}
	}
	// Output:
	// connect: connection refused
	// connect: connection refused
	// connected with attempt 3
}
