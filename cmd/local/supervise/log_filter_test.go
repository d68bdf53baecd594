package supervise

import (
	"slices"
	"testing"
)

func TestLogFilters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		filter     func(string) string
		line, want string
	}{
		{NewPostgresLog().Filter, "LOG:  checkpoint starting: time", ""},
		{NewPostgresLog().Filter, "FATAL:  the database system is starting up", ""},
		{NewPostgresLog().Filter, "ERROR:  out of memory", "ERROR:  out of memory"},
		{
			FilterDapr,
			`time="2026-11-23T17:28:07.700476676Z" level=error msg="failed to publish: \"broker\" away" app_id=api instance=vm scope=dapr.runtime type=log ver=1`,
			`error: failed to publish: "broker" away`,
		},
		{FilterDapr, `time="2026-11-23T17:28:07Z" level=warning msg="mTLS is disabled. Skipping certificate request" app_id=api`, ""},
		{FilterDapr, `time="2026-11-23T17:28:07Z" level=error msg="one thing\nand another" app_id=api`, "error: one thing; and another"},
		{FilterDapr, "panic: assignment to entry in nil map", "panic: assignment to entry in nil map"},
		{FilterDapr, `{"level":"info","ts":"2026-11-23T17:28:07.7Z","msg":"starting an etcd server"}`, ""},
		{FilterDapr, `{"level":"fatal","ts":"2026-11-23T17:28:07.7Z","msg":"failed to open","error":"no space left on device"}`, "fatal: failed to open: no space left on device"},
		{FilterDapr, `{"level":"error","msg":"failed to get next informer","error":"context canceled"}`, ""},
	}
	for _, tt := range tests {
		if got := tt.filter(tt.line); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.line, got, tt.want)
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
	log := NewPostgresLog()
	for _, line := range slices.Concat(hidden, shown, hidden) {
		if line = log.Filter(line); line != "" {
			got = append(got, line)
		}
	}
	if !slices.Equal(got, shown) {
		t.Errorf("got %q, want %q", got, shown)
	}
}
