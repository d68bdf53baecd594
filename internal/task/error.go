package task

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is the kind of failure of an Error. Servers map it to a status, consumers to a verdict.
type Code string

// The codes that a caller can act on. Every other error is CodeInternal, and its text is never
// shown.
const (
	CodeInvalid      Code = "invalid"
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict"
	CodeUnauthorized Code = "unauthorized"
	CodeForbidden    Code = "forbidden"
	// CodePrecondition reports a lost update: the object changed after the caller read it.
	CodePrecondition Code = "precondition_failed"
	// CodeRateLimited and CodeUnavailable report a passing failure. The same request may succeed
	// later.
	CodeRateLimited Code = "rate_limited"
	CodeUnavailable Code = "unavailable"
	// CodeDiskFull reports that the disk is full and nothing was stored.
	CodeDiskFull Code = "disk_full"
	// CodeQuotaExceeded reports that the account may not store more. Nothing was stored.
	CodeQuotaExceeded Code = "quota_exceeded"
	// CodeOutcomeUnknown reports that the answer to a change was lost. The change may be stored or
	// not.
	CodeOutcomeUnknown Code = "outcome_unknown"
	CodeInternal       Code = "internal"
)

// FieldError is the error of one input field. Field is its JSON path ("recurrence.rrule"). Message
// is the problem and the way out.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is a failure with a message that the person who caused it may see.
type Error struct {
	Code    Code
	Message string
	Fields  []FieldError
	// RetryAfter is how long to wait before a retry. 0 means unknown.
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

// Errorf returns an Error with a code and a message that may be shown.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// RetryLater returns an Error for a passing failure, with the time to wait.
func RetryLater(code Code, after time.Duration, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), RetryAfter: after}
}

// Invalid returns the Error for one bad field.
func Invalid(field, message string) error {
	return InvalidFields([]FieldError{{Field: field, Message: message}})
}

// The limits of the fields in an Error. Without them the answer to a hostile request is many times
// larger than the request.
const (
	MaxFieldErrors = 100
	// maxFieldText is the maximum size of a field's name and of its message, in bytes.
	maxFieldText = 500
)

// InvalidFields returns the Error for bad fields, or nil if there are none. It names the first
// MaxFieldErrors fields.
func InvalidFields(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	named := make([]FieldError, min(len(fields), MaxFieldErrors))
	for i := range named {
		named[i] = FieldError{Field: cutBytes(fields[i].Field), Message: cutBytes(fields[i].Message)}
	}
	return &Error{Code: CodeInvalid, Message: "some fields are not valid", Fields: named}
}

func cutBytes(s string) string {
	if len(s) <= maxFieldText {
		return s
	}
	return strings.ToValidUTF8(s[:maxFieldText], "") + "…"
}

// ErrorCode returns the code of the first *Error in err's chain. It returns CodeInternal for any
// other error and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
