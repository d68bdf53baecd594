package supervise

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"taskmaster/cmd/local/console"
)

// A problem is logged once for all processes that have it, and again when it changes or lasts.
// Its end is logged when the last process has recovered.
func TestHealth(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	now := time.Now()
	h := NewHealth(console.New(&b, 0).Lines("local", nil))
	h.now = func() time.Time { return now }
	wantLog := func(want ...string) {
		t.Helper()
		got := strings.ReplaceAll(b.String(), "local | ", "")
		if got != strings.Join(append(want, ""), "\n") {
			t.Errorf("got log %q, want %q", got, want)
		}
		b.Reset()
	}
	refused, denied := Problem{"component a", "component a: refused"}, Problem{"component a", "component a: denied"}

	h.Degraded("api", refused)
	h.Degraded("live", refused)
	h.Degraded("api", refused)
	wantLog("component a: refused")
	h.Degraded("api", denied)
	h.Degraded("live", denied)
	h.Degraded("live", refused)
	wantLog("component a: denied")
	now = now.Add(repeatProblem)
	h.Degraded("live", refused)
	wantLog("component a: refused")

	h.Recovered("api")
	h.Recovered("web")
	wantLog()
	if !h.AnyDegraded() {
		t.Error("live's problem is forgotten")
	}
	h.Degraded("live", Problem{"live", "live: ended"})
	wantLog("component a: this is over after 10m0s", "live: ended")
	h.Recovered("live")
	wantLog("live: this is over after 0s")
	if h.AnyDegraded() {
		t.Error("a problem is left")
	}
	h.Degraded("api", refused)
	wantLog("component a: refused")
}
