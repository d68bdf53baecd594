package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// How long it takes until a view shows something, over all views: to a browser that keeps nothing of them, and to one that
// was there before.
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
			b.ReportMetric(0, "ns/op") // which would be of the measuring
			for _, quantile := range []struct {
				unit string
				at   int
			}{{"p50-ms", 50}, {"p95-ms", 95}, {"max-ms", 100}} {
				b.ReportMetric(paints[(len(paints)-1)*quantile.at/100], quantile.unit)
			}
		})
	}
}
