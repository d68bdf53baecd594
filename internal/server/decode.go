package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"taskmaster/internal/task"
)

// MaxBody is the maximum size of a body that Decode reads, in bytes.
const MaxBody = 64 << 10

// CodeTooLarge refuses a body that is larger than its limit.
const CodeTooLarge task.Code = "too_large"

// ReadBody reads a request's body of at most limit bytes. A larger body is a StatusError of 413.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &StatusError{http.StatusRequestEntityTooLarge, CodeTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)}
	}
	if err != nil {
		return nil, &StatusError{http.StatusBadRequest, "bad_request", "the body ended early"}
	}
	return body, nil
}

// Decode reads a request's body into v: one JSON value of at most MaxBody bytes. Another content
// type is a StatusError of 415, and a body that is not JSON is one of 400. An unknown field or a
// value of the wrong type is code invalid and names the field.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	if err := CheckJSON(r); err != nil {
		return err
	}
	body, err := ReadBody(w, r, MaxBody)
	if err != nil {
		return err
	}
	return NameBody(DecodeJSON(body, v))
}

// NameBody gives the name body to an error about the whole body, which names no field.
func NameBody(err error) error {
	if invalid, ok := errors.AsType[*task.Error](err); ok && len(invalid.Fields) == 1 && invalid.Fields[0].Field == "" {
		return task.Invalid("body", invalid.Fields[0].Message)
	}
	return err
}

// CheckJSON refuses a request with another Content-Type than JSON with a StatusError of 415.
func CheckJSON(r *http.Request) error {
	ct := r.Header.Get("Content-Type")
	if ct == "" {
		return nil
	}
	if mt, _, err := mime.ParseMediaType(ct); err != nil || (mt != "application/json" && !strings.HasSuffix(mt, "+json")) {
		return &StatusError{http.StatusUnsupportedMediaType, "unsupported_media_type", "the body has to be application/json"}
	}
	return nil
}

// DecodeJSON reads one JSON value like Decode does.
func DecodeJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if bad := checkShape(body, v); len(bad) > 0 {
		return task.InvalidFields(bad)
	}
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return badJSON("the body has something after its JSON value")
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return task.Invalid(wrong.Field, describeMismatch(wrong))
	}
	if known, ok := errors.AsType[*task.Error](err); ok {
		return known
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return badJSON(fmt.Sprintf("the body is not JSON: byte %d does not belong there", syntax.Offset))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badJSON("the body is empty or ends in the middle of its JSON")
	}
	// The library's words are for programmers.
	return task.Invalid("", "has a value that does not fit")
}

// describeMismatch returns a message about a value of the wrong JSON type.
func describeMismatch(wrong *json.UnmarshalTypeError) string {
	kind := wrong.Value
	if kind == "bool" {
		kind = "boolean"
	}
	return "is a JSON " + kind + ", which does not fit"
}

func badJSON(detail string) error { return &StatusError{http.StatusBadRequest, "bad_request", detail} }
