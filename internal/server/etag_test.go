package server

import (
	"net/http"
	"testing"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	const tag = `"e-3"`
	for _, tt := range []struct {
		values           []string
		match, noneMatch bool
	}{
		{nil, true, false},
		{[]string{""}, true, false},
		{[]string{`"e-3"`}, true, true},
		{[]string{`"e-2"`}, false, false},
		{[]string{`"e-2", "e-3"`}, true, true},
		{[]string{`"e-2","e-3" ,"e-4"`}, true, true},
		{[]string{`"e-2"`, `"e-3"`}, true, true},
		{[]string{"*"}, true, true},
		{[]string{`W/"e-3"`}, false, true},
		{[]string{`"e-2", W/"e-3"`}, false, true},
		{[]string{`e-3`}, false, false},
	} {
		r := &http.Request{Header: http.Header{"If-None-Match": tt.values}}
		if got := NoneMatch(r, tag); got != tt.noneMatch {
			t.Errorf("If-None-Match %q: got %v, want %v", tt.values, got, tt.noneMatch)
		}
		if got := Match(tt.values, tag); got != tt.match {
			t.Errorf("If-Match %q: got %v, want %v", tt.values, got, tt.match)
		}
	}
}
