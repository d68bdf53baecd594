package dashboards

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the dashboards of the chart")

const folder = "../chart/monitoring/dashboards"

// TestTheChartHasTheDashboards compares the files of the chart with their source. A file without a source fails too.
func TestTheChartHasTheDashboards(t *testing.T) {
	t.Parallel()
	made := map[string]bool{}
	for _, d := range All() {
		want, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(folder, d.Name+".json")
		made[name] = true
		if *update {
			if err := os.WriteFile(name, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s differs from its source: go test ./infra/dashboards -update", name)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !made[name] {
			t.Errorf("%s has no source", name)
		}
	}
}

// TestPanelsAreComplete checks that every panel has a title of its own, a unit and a query of an installation.
func TestPanelsAreComplete(t *testing.T) {
	t.Parallel()
	for _, d := range All() {
		titles := map[string]bool{}
		for _, p := range d.Panels {
			if p.Title == "" || p.Unit == "" || p.Legend == "" || titles[p.Title] {
				t.Errorf("%s: the panel %+v lacks something, or has the title of another", d.Name, p)
			}
			titles[p.Title] = true
			if !bytes.Contains([]byte(p.Query), []byte(`namespace=~"$namespace"`)) {
				t.Errorf("%s: %s shows other installations too", d.Name, p.Title)
			}
		}
	}
}
