package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestComplaints(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	now := time.Now()
	c := newComplaints((&console{w: &b}).writer("local", ""))
	c.now = func() time.Time { return now }
	said := func(want ...string) {
		t.Helper()
		got := strings.ReplaceAll(b.String(), "local | ", "")
		if got != strings.Join(append(want, ""), "\n") {
			t.Errorf("said %q, want %q", got, want)
		}
		b.Reset()
	}
	refused, denied := complaint{"component a", "component a: refused"}, complaint{"component a", "component a: denied"}

	c.note("api", refused)
	c.note("live", refused)
	c.note("api", refused)
	said("component a: refused")
	c.note("api", denied)
	c.note("live", denied)
	c.note("live", refused)
	said("component a: denied")
	now = now.Add(sayAgain)
	c.note("live", refused)
	said("component a: refused")

	c.clear("api")
	c.clear("web")
	said()
	if !c.any() {
		t.Error("live's trouble is forgotten")
	}
	c.note("live", complaint{"live", "live: ended"})
	said("component a: this is over after 10m0s", "live: ended")
	c.clear("live")
	said("live: this is over after 0s")
	if c.any() {
		t.Error("there is trouble left")
	}
	c.note("api", refused)
	said("component a: refused")
}

func TestRepetitions(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := repetitions{now: func() time.Time { return now }}
	for _, step := range []struct {
		after      time.Duration
		line, want string
	}{
		{0, "retrying 127.0.0.1:4222 in 568.49ms", "retrying 127.0.0.1:4222 in 568.49ms"},
		{1, "retrying 127.0.0.1:4223 in 1s", ""},
		{1, "another thing", "another thing"},
		{1, "retrying 127.0.0.1:4223 in 2s", ""},
		{repeatAfter, "retrying 127.0.0.1:4222 in 2s", "retrying 127.0.0.1:4222 in 2s (and 2 more like this)"},
		{repeatAfter, "retrying 127.0.0.1:4222 in 2s", "retrying 127.0.0.1:4222 in 2s"},
		{0, "", ""},
	} {
		now = now.Add(step.after)
		if got := r.show(step.line); got != step.want {
			t.Errorf("%q: got %q, want %q", step.line, got, step.want)
		}
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	start := time.Now()
	o := outage{limit: time.Minute}
	for _, step := range []struct {
		at      time.Duration
		reached bool
		want    bool
	}{
		{0, true, false}, {10 * time.Second, false, false}, {50 * time.Second, true, false},
		{60 * time.Second, false, false}, {110 * time.Second, false, false}, {121 * time.Second, true, true},
		{122 * time.Second, true, false},
	} {
		if got := o.over(step.reached, start.Add(step.at)); got != step.want {
			t.Errorf("after %v: got %t", step.at, got)
		}
	}
}
