package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"taskmaster/tests/system"
)

// interval is an adjustable interval: a variable of the services, a flag of the supervisor, or a
// setting of PostgreSQL.
type interval struct{ name, value string }

// serviceIntervals are variables of the services.
var serviceIntervals = []interval{
	{"HOUSEKEEPING_INTERVAL", "5s"},
	{"REMINDER_VERIFY_INTERVAL", "5s"},
	{"PING_INTERVAL", "2s"},
	{"LOOK_FOR", "5s"},
}

// poolIntervals are parameters of the database's URL.
var poolIntervals = []interval{
	{"pool_max_conn_lifetime", "15s"},
	{"pool_max_conn_idle_time", "5s"},
	{"pool_health_check_period", "2s"},
}

// schedulerIntervals are flags of the Dapr scheduler. By default etcd is compacted by number of
// revisions, which a soak never reaches.
var schedulerIntervals = []interval{
	{"etcd-compaction-mode", "periodic"},
	{"etcd-compaction-retention", "5s"},
}

// brokerIntervals are settings of the brokers that the supervisor starts.
var brokerIntervals = map[string][]interval{
	"nats": {{"ping_interval", "2s"}},
	"kafka": {
		{"connections.max.idle.ms", "15000"},
		{"log.retention.check.interval.ms", "5000"},
		{"offsets.retention.check.interval.ms", "5000"},
		{"log.cleaner.backoff.ms", "5000"},
		{"connection.failed.authentication.delay.ms", "100"},
		{"metadata.log.max.snapshot.interval.ms", "5000"},
		{"metadata.max.idle.interval.ms", "500"},
	},
}

// databaseIntervals are settings of PostgreSQL. 30 s is the shortest checkpoint_timeout.
var databaseIntervals = []interval{
	{"autovacuum_naptime", "2s"},
	{"checkpoint_timeout", "30s"},
	{"bgwriter_delay", "10ms"},
	{"wal_writer_delay", "10ms"},
}

// shorten sets every interval that has to be set before the start.
func (s *soak) shorten(cfg *system.Config) {
	for _, i := range serviceIntervals {
		cfg.Env[i.name] = i.value
		s.note(i)
	}
	for flag, intervals := range map[string][]interval{
		"-database-options": poolIntervals, "-scheduler-options": schedulerIntervals, "-broker-options": brokerIntervals[s.broker],
	} {
		var pairs []string
		for _, i := range intervals {
			pairs = append(pairs, i.name+"="+i.value)
			s.note(i)
		}
		if len(pairs) > 0 {
			cfg.Args = append(cfg.Args, flag, strings.Join(pairs, ","))
		}
	}
}

// shortenDatabase sets the intervals of PostgreSQL while it runs.
func (s *soak) shortenDatabase(ctx context.Context) error {
	state, err := s.State()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, state.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	defer func() {
		if err := conn.Close(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "soak: close connection:", err)
		}
	}()
	for _, i := range databaseIntervals {
		if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", i.name, i.value)); err != nil {
			return fmt.Errorf("set %s: %w", i.name, err)
		}
		s.note(i)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return fmt.Errorf("reload settings of the database: %w", err)
	}
	return nil
}

func (s *soak) note(i interval) { s.shortened = append(s.shortened, i.name+"="+i.value) }
