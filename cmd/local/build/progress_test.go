package build

import (
	"fmt"
	"testing"
	"time"
)

// The progress is the share of the work that is done, and the time that the rest takes at the same
// speed.
func TestProgress(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	p := &progress{}
	check := func(want string) {
		t.Helper()
		if got := p.describe(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	check("0 packages compiled")
	p.fetched()
	p.fetched()
	check("2 modules fetched")
	p.compiled("before the plan")
	check("1 packages compiled")

	// 100 packages. The last is as large as all others together.
	sizes := map[string]int64{"large": 9900}
	for i := range 99 {
		sizes[fmt.Sprint(i)] = 100
	}
	p.compiled("0")
	p.plan(sizes, now)
	check("0 %")
	now = now.Add(5 * time.Second)
	for i := range 50 {
		p.compiled(fmt.Sprint(i)) // 0 comes twice and counts once
	}
	now = now.Add(4 * time.Second)
	check("24 %") // 5000 of 19800 of 95 %; the last 5 % are for linking
	now = now.Add(51 * time.Second)
	check("24 %, about 3 minutes left") // a minute for 24 %
	p.compiled("large")
	check("71 %, less than half a minute left") // a minute for 71 %
	for i := 50; i < 99; i++ {
		p.compiled(fmt.Sprint(i))
	}
	p.compiled("not planned")
	now = now.Add(14 * time.Minute)
	check("linking")
}

// If everything was compiled before, the programs are only linked.
func TestProgressOfLinking(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	p := &progress{}
	p.plan(map[string]int64{}, now)
	if got := p.describe(now.Add(time.Minute)); got != "linking" {
		t.Errorf("got %q, want linking", got)
	}
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "less than half a minute", 29 * time.Second: "less than half a minute", 30 * time.Second: "about a minute",
		89 * time.Second: "about a minute", 90 * time.Second: "about 2 minutes", 200 * time.Second: "about 3 minutes",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
