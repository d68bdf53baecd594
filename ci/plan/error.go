package plan

import "fmt"

// StepError reports a failed step.
type StepError struct {
	Step string
	// Output is the output of the command. It may be empty.
	Output string
	Err    error
}

// Error returns the step's name and the cause.
func (f *StepError) Error() string { return fmt.Sprintf("%s: %v", f.Step, f.Err) }

// Unwrap returns the cause.
func (f *StepError) Unwrap() error { return f.Err }
