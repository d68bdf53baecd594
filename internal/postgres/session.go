package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// These constants bound how long a lost process or machine keeps its locks. Only the server can end
// such a session.
const (
	// idleInTransaction ends a transaction whose client is silent. It is longer than a request may
	// take. Without it, a lost machine would hold a user's row until the kernel closes its
	// connection, which takes two hours.
	idleInTransaction = 30 * time.Second
	// lockTimeout ends a wait for a lock. It is longer than an import may take. It therefore ends
	// only waits whose caller is lost. There is no statement_timeout: every call has a deadline,
	// and migrations, backups and purges may run longer than any.
	lockTimeout = 90 * time.Second

	// TCP keepalives find a lost peer within keepAliveIdle + keepAliveCount * keepAliveInterval.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 10 * time.Second
	keepAliveCount    = 3
	// unackedTimeout ends a connection whose peer does not acknowledge sent data.
	unackedTimeout = 45 * time.Second
)

// sessionSettings returns the settings of every session. DATABASE_URL may override each of them.
func sessionSettings() map[string]string {
	return map[string]string{
		"idle_in_transaction_session_timeout": milliseconds(idleInTransaction),
		"lock_timeout":                        milliseconds(lockTimeout),
		"tcp_keepalives_idle":                 strconv.Itoa(int(keepAliveIdle.Seconds())),
		"tcp_keepalives_interval":             strconv.Itoa(int(keepAliveInterval.Seconds())),
		"tcp_keepalives_count":                strconv.Itoa(keepAliveCount),
		"tcp_user_timeout":                    milliseconds(unackedTimeout),
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// pooled reports whether the URL is that of a pooler in transaction mode. Such a URL switches prepared
// statements off. Each transaction then has another session, which it shares with other clients.
func pooled(cfg *pgxpool.Config) bool {
	return cfg.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement
}

// transactionSettings returns the statements that bound one transaction behind a pooler. The sessions
// behind a pooler belong to nobody, so their settings cannot be relied on. The function takes the
// settings from the startup parameters, which poolers refuse.
func transactionSettings(cfg *pgxpool.Config) string {
	var local strings.Builder
	for _, name := range []string{"idle_in_transaction_session_timeout", "lock_timeout"} {
		value := sessionSettings()[name]
		if given, ok := cfg.ConnConfig.RuntimeParams[name]; ok {
			value = given
			delete(cfg.ConnConfig.RuntimeParams, name)
		}
		fmt.Fprintf(&local, "; SET LOCAL %s = '%s'", name, strings.ReplaceAll(value, "'", "''"))
	}
	return local.String()
}

// boundSessions lets both ends of each connection notice the loss of the other. It applies the
// settings after connecting, because poolers refuse unknown startup parameters. It returns the
// statements that do so for one transaction behind a pooler.
func boundSessions(cfg *pgxpool.Config) (local string) {
	if pooled(cfg) {
		local = transactionSettings(cfg)
	}
	var names, values []string
	for name, value := range sessionSettings() {
		if _, given := cfg.ConnConfig.RuntimeParams[name]; !given {
			names, values = append(names, name), append(values, value)
		}
	}
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}
	cfg.ConnConfig.DialFunc = dialer.DialContext
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if local != "" {
			return noticeRestore(ctx, conn)
		}
		_, err := conn.Exec(ctx, `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS setting (name, value)`, names, values)
		if err != nil {
			return fmt.Errorf("set up session: %w", err)
		}
		return noticeRestore(ctx, conn)
	}
	return local
}

// waitAsLongAsNeeded lifts a session's timeouts for one transaction. It is for transactions that
// wait for other migrations, or that hold a lock while other connections work.
func waitAsLongAsNeeded(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`)
	if err != nil {
		return fmt.Errorf("lift bounds of session: %w", err)
	}
	return nil
}
