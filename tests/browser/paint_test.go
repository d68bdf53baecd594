//go:build browser

package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// BenchmarkFirstPaint measures the time until a view paints, over all views: with an empty cache,
// and for a returning browser.
func BenchmarkFirstPaint(b *testing.B) {
	p := newPerson(b)
	all := views(household(p))
	for _, visit := range []string{"First", "Later"} {
		b.Run(visit, func(b *testing.B) {
			w := person{p.Person, b}.window("/today")
			first := visit == "First"
			w.do(network.SetCacheDisabled(first), network.SetBypassServiceWorker(first))
			var paints []float64
			for i := 0; b.Loop(); i++ {
				w.open(all[i%len(all)].path)
				w.settled()
				paints = append(paints, w.measured().Paint)
			}
			slices.Sort(paints)
			b.ReportMetric(0, "ns/op") // it would measure the measuring
			for _, quantile := range []struct {
				unit string
				at   int
			}{{"p50-ms", 50}, {"p95-ms", 95}, {"max-ms", 100}} {
				b.ReportMetric(paints[(len(paints)-1)*quantile.at/100], quantile.unit)
			}
		})
	}
}
