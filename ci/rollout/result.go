package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"taskmaster/ci/plan"
)

// Report runs a command, completes its result with the times and the failure, and writes it to
// plan.ResultFile. run adds its part of the result.
func Report(exec Executor, result *plan.Result, run func() error) error {
	result.Began = time.Now().UTC()
	err := run()
	result.Seconds = time.Since(result.Began).Seconds()
	if err != nil {
		result.Reason = err.Error()
		if failure, ok := errors.AsType[*plan.StepError](err); ok {
			result.Step, result.Output = failure.Step, plan.Last(failure.Output)
		}
	}
	raw, jsonErr := json.MarshalIndent(result, "", "  ")
	if jsonErr != nil {
		return errors.Join(err, jsonErr)
	}
	if writeErr := exec.Write(plan.ResultFile, append(raw, '\n')); writeErr != nil {
		return errors.Join(err, fmt.Errorf("write the result: %w", writeErr))
	}
	return err
}
