package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// newPage returns a page of at most limit items. items has up to one more, which shows that another
// page follows. cursor returns the position of an item.
func newPage[T any](items []T, limit int, cursor func(T) any) (apiv1.Page[T], error) {
	return pageOf(items[:min(len(items), limit)], len(items) > limit, cursor)
}

// pageOf returns a page of items. more reports whether another page follows.
func pageOf[T any](items []T, more bool, cursor func(T) any) (apiv1.Page[T], error) {
	if items == nil {
		items = []T{}
	}
	if !more {
		return apiv1.Page[T]{Items: items}, nil
	}
	next, err := encodeCursor(cursor(items[len(items)-1]))
	return apiv1.Page[T]{Items: items, NextCursor: next}, err
}

// The number of items on a page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// encodeCursor returns an opaque cursor for a position in a list.
func encodeCursor(place any) (string, error) {
	raw, err := json.Marshal(place)
	if err != nil {
		return "", fmt.Errorf("encode cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// query reads parameters and collects the problems with them.
type query struct {
	values url.Values
	bad    []task.FieldError
}

// newQuery reads a query string. It reports a parameter that is not known or is repeated.
func newQuery(values url.Values, known ...string) *query {
	q := &query{values: values}
	allowed := map[string]bool{}
	for _, name := range known {
		allowed[name] = true
	}
	for name, v := range values {
		if !allowed[name] {
			q.fail(name, "is not a known parameter")
		} else if len(v) > 1 {
			q.fail(name, "is given more than once")
		}
	}
	return q
}

func (q *query) fail(field, message string) {
	q.bad = append(q.bad, task.FieldError{Field: field, Message: message})
}

// err returns all problems, or nil.
func (q *query) err() error { return task.InvalidFields(q.bad) }

func (q *query) limit() int {
	n := q.integer("limit", defaultLimit)
	if n < 1 || n > maxLimit {
		q.fail("limit", fmt.Sprintf("is not between 1 and %d", maxLimit))
	}
	return int(n)
}

func (q *query) integer(name string, missing int64) int64 {
	s := q.values.Get(name)
	if !q.values.Has(name) {
		return missing
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		q.fail(name, "is not a whole number")
	}
	return n
}

func (q *query) oneOf(name, missing string, values ...string) string {
	s := q.values.Get(name)
	if !q.values.Has(name) {
		return missing
	}
	for _, v := range values {
		if s == v {
			return s
		}
	}
	q.fail(name, "is not one of "+strings.Join(values, ", "))
	return missing
}

func (q *query) instant(name string) *time.Time {
	s := q.values.Get(name)
	if !q.values.Has(name) {
		return nil
	}
	t, err := task.ParseInstant(s)
	if err != nil {
		q.fail(name, err.Error())
		return nil
	}
	return &t
}

// cursor decodes a cursor of encodeCursor into place, a pointer. It reports whether there was one.
func (q *query) cursor(place any) bool {
	s := q.values.Get("cursor")
	if s == "" {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, place)
	}
	if err != nil {
		q.fail("cursor", "is not one that a list returned as next_cursor")
		return false
	}
	return true
}

// maxQueryText is the longest text parameter, in bytes.
const maxQueryText = 500

func (q *query) text(name string) string {
	s := q.values.Get(name)
	if len(s) > maxQueryText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		q.fail(name, fmt.Sprintf("is longer than %d bytes or is not text", maxQueryText))
		return ""
	}
	return s
}
