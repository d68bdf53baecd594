package plan

import "fmt"

// StepError is a step that failed.
type StepError struct {
	Step string
	// Output is what the command said, and may be empty.
	Output string
	Err    error
}

// Error names the step.
func (f *StepError) Error() string { return fmt.Sprintf("%s: %v", f.Step, f.Err) }

// Unwrap returns what ended the step.
func (f *StepError) Unwrap() error { return f.Err }
