package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	c := &console{w: &b, width: 9}
	api, live := c.writer("api", "service"), c.writer("live", "service")
	for _, part := range []string{"one\ntw", "o\r\n", "\n", "three"} {
		api.Write([]byte(part))
	}
	live.Write([]byte("four\n"))
	want := "api       | one\napi       | two\nlive      | four\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := api.Last(); got != "two" {
		t.Errorf("the last line is %q", got)
	}

	// A line without end is shown in pieces rather than kept.
	b.Reset()
	live.Write([]byte(strings.Repeat("x", 3*longestLine)))
	if got := strings.Count(b.String(), "\n"); got != 3 {
		t.Errorf("an endless line makes %d lines", got)
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	tests := []struct{ role, line, want string }{
		{"service", "LOG: whatever", "LOG: whatever"},
		{"postgres", "LOG:  checkpoint starting: time", ""},
		{"postgres", "FATAL:  the database system is starting up", ""},
		{"postgres", "ERROR:  out of memory", "ERROR:  out of memory"},
		{
			"sidecar",
			`time="2026-11-23T17:28:07.700476676Z" level=error msg="failed to publish: \"broker\" away" app_id=api instance=vm scope=dapr.runtime type=log ver=1`,
			`error: failed to publish: "broker" away`,
		},
		{"sidecar", `time="2026-11-23T17:28:07Z" level=warning msg="mTLS is disabled. Skipping certificate request" app_id=api`, ""},
		{"sidecar", `time="2026-11-23T17:28:07Z" level=error msg="one thing\nand another" app_id=api`, "error: one thing; and another"},
		{"sidecar", "panic: assignment to entry in nil map", "panic: assignment to entry in nil map"},
		{"scheduler", `{"level":"info","ts":"2026-11-23T17:28:07.7Z","msg":"starting an etcd server"}`, ""},
		{"scheduler", `{"level":"fatal","ts":"2026-11-23T17:28:07.7Z","msg":"failed to open","error":"no space left on device"}`, "fatal: failed to open: no space left on device"},
		{"scheduler", `{"level":"error","msg":"failed to get next informer","error":"context canceled"}`, ""},
	}
	for _, tt := range tests {
		if got := readable(tt.role, tt.line); got != tt.want {
			t.Errorf("%s: %s\ngot  %s\nwant %s", tt.role, tt.line, got, tt.want)
		}
	}
}

// The further lines of a message of PostgreSQL are shown or hidden together with its first line.
func TestPostgresLog(t *testing.T) {
	t.Parallel()
	shown := []string{"ERROR:  division by zero", "STATEMENT:  SELECT", "\t\t1 / 0"}
	hidden := []string{
		`ERROR:  could not extend file "base/16384/16438": No space left on device`, "HINT:  Check free disk space.",
		"STATEMENT:  INSERT", "\t\tINTO tasks",
		`PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device`, "STATEMENT:  COMMIT",
		"LOG:  database system was interrupted while in recovery", "HINT:  This probably means that some data is corrupted",
	}
	var got []string
	log := &postgresLog{}
	for _, line := range slices.Concat(hidden, shown, hidden) {
		if line = log.readable(line); line != "" {
			got = append(got, line)
		}
	}
	if !slices.Equal(got, shown) {
		t.Errorf("got %q, want %q", got, shown)
	}
}
