//go:build browser

package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// scheme sets the preferred colour scheme of the window, as the operating system would.
func (w *window) scheme(name string) {
	w.t.Helper()
	w.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}))
}

// width sets the width of the window in CSS pixels, and a matching height.
func (w *window) width(width int64) {
	w.t.Helper()
	height := map[int64]int64{320: 640, 1280: 800, 2560: 1440}[width]
	w.do(emulation.SetDeviceMetricsOverride(width, height, 1, false))
}

// picture saves a screenshot of the whole page in out.
func (w *window) picture(name string) {
	w.t.Helper()
	var png []byte
	w.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(outDir, name+".png"), png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// tooWide describes the elements that extend beyond the right edge. It returns "" when the page
// needs no horizontal scrolling.
func (w *window) tooWide() string {
	w.t.Helper()
	return value[string](w, `(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return "";
		const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > width + 1);
		return document.documentElement.scrollWidth + " of " + width + ": " + out.slice(0, 5).map((e) => e.outerHTML.slice(0, 120)).join(" | ");
	})()`)
}

// loading holds the browser's measurements of a page load.
type loading struct {
	// Shift is the cumulative layout shift. Paint is the time of the first contentful paint in
	// milliseconds.
	Shift float64 `json:"shift"`
	Paint float64 `json:"paint"`
	// Sources are the elements that moved.
	Sources []string `json:"sources"`
	// Bytes is the uncompressed size of scripts and styles. Files are their names and sizes.
	Bytes int      `json:"bytes"`
	Files []string `json:"files"`
}

// measured returns the measurements since the page was loaded.
func (w *window) measured() loading {
	w.t.Helper()
	return value[loading](w, `new Promise((resolve) => {
		const out = {shift: 0, paint: 0, sources: [], bytes: 0, files: []};
		const files = performance.getEntriesByType("resource").filter((e) => /\.(js|css)$/.test(new URL(e.name).pathname));
		for (const e of new Map(files.map((e) => [e.name, e])).values()) { // a browser may ask for one twice
			out.bytes += e.decodedBodySize;
			out.files.push(new URL(e.name).pathname.split("/").pop() + " " + e.decodedBodySize);
		}
		const take = (entries) => {
			for (const e of entries) {
				out.shift += e.value;
				out.sources.push(...e.sources.map((s) => (s.node?.outerHTML ?? String(s.node?.nodeName)).slice(0, 100)));
			}
		};
		const observer = new PerformanceObserver((list) => take(list.getEntries()));
		observer.observe({type: "layout-shift", buffered: true});
		const done = () => requestAnimationFrame(() => setTimeout(() => {
			out.paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
			take(observer.takeRecords());
			resolve(out);
		}));
		new PerformanceObserver(done).observe({type: "paint", buffered: true});
		setTimeout(done, 2000); // one that does not paint
	})`)
}

func (l loading) String() string {
	return fmt.Sprintf("first paint %.0f ms, layout shift %.4f, scripts and styles %.1f KiB", l.Paint, l.Shift, float64(l.Bytes)/1024)
}
