package task

import (
	_ "embed"
	"strings"
	"testing"
)

// dateutil contains occurrences calculated by another calendar library.
//
//go:embed testdata/recurrence.tsv
var dateutil string

func TestAgreesWithDateutil(t *testing.T) {
	t.Parallel()
	compared := 0
	for line := range strings.Lines(dateutil) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if len(columns) != 4 {
			t.Fatalf("not four columns: %q", line)
		}
		zone, rrule, due, want := columns[0], columns[1], columns[2], columns[3]
		n := len(strings.Fields(want))
		got, err := Recurrence{RRule: rrule}.Occurrences(at(t, due), zone, n)
		if err != nil || text(t, zone, got...) != want {
			t.Errorf("%s after %s in %s:\n got %s, %v\nwant %s", rrule, due, zone, text(t, zone, got...), err, want)
		}
		compared++
	}
	if compared != 250 {
		t.Errorf("compared %d rules, want 250", compared)
	}
}
