// Package jsonfile decodes JSON files of other programs with limits, and without refusing a file for
// one value of the wrong kind.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// The limits of a file. They bound the memory for decoding any file.
const (
	maxElements = 300_000 // objects and lists
	maxDepth    = 50
	maxList     = 20_000
)

// Decode decodes a file in UTF-8, UTF-16 or Windows-1252. Its error has code invalid and names the
// line. Values of the wrong kind are left out.
func Decode(data []byte, v any) error {
	data = importer.Text(data)
	if err := check(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok || err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := bytes.Count(data[:min(int(e.Offset), len(data))], []byte("\n")) + 1
		return task.Errorf(task.CodeInvalid, "line %d: this is not JSON: %v", line, err)
	}
	return task.Errorf(task.CodeInvalid, "the file cannot be read: %v", err)
}

// check counts elements and depth before anything is decoded.
func check(data []byte) error {
	elements, depth, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			elements++
			if depth++; depth > maxDepth || elements > maxElements {
				return task.Errorf(task.CodeInvalid, "the file has more than %d lists and objects, or more than %d in one another", maxElements, maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// List is a list. null and other values are an empty list.
type List[T any] []T

// UnmarshalJSON decodes each element on its own. It leaves out values of the wrong kind.
func (l *List[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	d := json.NewDecoder(bytes.NewReader(raw))
	if first, _ := d.Token(); first != json.Delim('[') {
		return nil
	}
	for d.More() {
		if len(*l) == maxList {
			return fmt.Errorf("a list has more than %d entries: split the file", maxList)
		}
		var v T
		if err := d.Decode(&v); err != nil {
			if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
				return err
			}
		}
		*l = append(*l, v)
	}
	return nil
}

// Text is a text, or another value as it is in the file. null is the empty text.
type Text string

// UnmarshalJSON accepts any value.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var s string
	switch {
	case string(raw) == "null":
		*t = ""
	case json.Unmarshal(raw, &s) == nil:
		*t = Text(s)
	default:
		*t = Text(raw)
	}
	return nil
}

// True reports whether the value is true.
func (t Text) True() bool { return t == "true" }

// Instant returns the instant of a text such as 2026-12-05T09:00:00.000Z.
func (t Text) Instant() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, string(t))
	return at, err == nil && at.Year() >= 1971 && at.Year() <= 9998
}

// Texts returns a list of texts.
func Texts(list List[Text]) []string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = string(t)
	}
	return texts
}

var (
	lineTag = regexp.MustCompile(`(?i)<br\s*/?>|</p>|</div>|</li>`)
	anyTag  = regexp.MustCompile(`<[^>]*>`)
)

// PlainText returns the text of HTML.
func PlainText(s string) string {
	s = anyTag.ReplaceAllString(lineTag.ReplaceAllString(s, "\n"), "")
	return strings.TrimSpace(html.UnescapeString(s))
}
