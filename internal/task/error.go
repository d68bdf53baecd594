package task

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an Error is. Servers map it to a status, consumers to a verdict.
type Code string

// The codes that a caller can act on. Every error that is not an *Error is Internal and its text is never shown.
const (
	CodeInvalid      Code = "invalid"
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict"
	CodeUnauthorized Code = "unauthorized"
	CodeForbidden    Code = "forbidden"
	// CodePrecondition is a lost update: the caller changed something that has changed since.
	CodePrecondition Code = "precondition_failed"
	// CodeRateLimited and CodeUnavailable pass: the same request may succeed later.
	CodeRateLimited Code = "rate_limited"
	CodeUnavailable Code = "unavailable"
	// CodeDiskFull is that there was no space for what had to be stored. Nothing was.
	CodeDiskFull Code = "disk_full"
	// CodeOutcomeUnknown is that a change may have been stored or not: the answer to it was lost.
	CodeOutcomeUnknown Code = "outcome_unknown"
	CodeInternal       Code = "internal"
)

// FieldError names one bad input field by its JSON path ("recurrence.rrule") and says what is wrong and the way out.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is a failure whose message may be shown to the person who caused it.
type Error struct {
	Code    Code
	Message string
	Fields  []FieldError
	// RetryAfter is how long to wait before trying again; 0 when there is nothing to say.
	RetryAfter time.Duration
}

// Error returns the message, followed by the bad fields.
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return e.Message + ": " + strings.Join(parts, "; ")
}

// Errorf makes an Error with a code and a message fit to be shown.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// RetryLater makes an Error for a failure that passes, with how long to wait.
func RetryLater(code Code, after time.Duration, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), RetryAfter: after}
}

// Invalid is the Error for one bad field.
func Invalid(field, message string) error {
	return InvalidFields([]FieldError{{Field: field, Message: message}})
}

// InvalidFields is the Error for bad fields; nil when there are none.
func InvalidFields(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: "some fields are not valid", Fields: fields}
}

// ErrorCode returns the code of the first *Error that err wraps, CodeInternal for any other error and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
