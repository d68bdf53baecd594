// Package series holds recurring tasks to one promise, whatever people do and however events
// arrive: every completion that stands has exactly one follower, made from the task as it was
// completed, or ends its series, and no other task exists.
//
// One follower is older than its completion. A next occurrence that its owner has changed stays when
// the task is reopened, and follows the next completion too.
//
// Random people use the programs api and recurring on a real PostgreSQL. The test stands in for
// Dapr, whose order and repetition cannot be controlled: it takes events from the outbox, delivers
// them late, doubled and in any order, and carries recurring's calls to api. A model of what there
// has to be is compared with what there is after every step.
//
// A failure names the seed and the file that repeat it, reduced to the fewest steps:
//
//	go test ./tests/series -rapid.seed=N
//	SERIES_TIME=10m go test -timeout 15m ./tests/series -rapid.steps=200
package series

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"taskmaster/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	// The command line overrides these.
	for name, value := range map[string]string{"rapid.checks": "5", "rapid.steps": "60"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(postgrestest.Main(m))
}
