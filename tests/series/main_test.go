// Package series tests one promise about recurring tasks, for any actions of people and any arrival
// of events. Every completion that stands has exactly one follower, created from the task at its
// completion, or ends its series. No other task exists.
//
// One follower may be older than its completion. If its owner has changed a next occurrence, it
// stays when the task is reopened, and follows the next completion too.
//
// Random people use the programs api and recurring on a real PostgreSQL. The test acts as Dapr,
// whose order and repetition cannot be controlled. It takes events from the outbox, delivers them
// late, twice and in any order, and forwards recurring's calls to api. After every step it compares
// the tasks with a model.
//
// A failure prints the seed and the file that repeat it, reduced to the fewest steps:
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
	// The command line overrides these defaults.
	for name, value := range map[string]string{"rapid.checks": "5", "rapid.steps": "60"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(postgrestest.Main(m))
}
