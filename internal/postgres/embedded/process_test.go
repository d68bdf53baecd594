package embedded

import (
	"fmt"
	"io"
	"testing"
)

// The cause of a server's end is not hidden by the clients that come while it recovers.
func TestLastLogTellsWhyTheServerEnds(t *testing.T) {
	t.Parallel()
	const cause = `FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device`
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"no fatal error":       {[]string{"LOG:  starting", "LOG:  stopped"}, "LOG:  stopped"},
		"fatal error":          {[]string{cause, "LOG:  startup process exited"}, cause},
		"clients come after":   {[]string{cause, "FATAL:  the database system is in recovery mode"}, cause},
		"clients come before":  {[]string{"FATAL:  the database system is starting up", cause}, cause},
		"another one replaces": {[]string{"FATAL:  could not map memory", cause}, cause},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &tail{w: io.Discard}
			for _, line := range c.lines {
				fmt.Fprintln(log, line)
			}
			if got := log.last(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
