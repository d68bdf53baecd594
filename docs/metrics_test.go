package docs

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// metric matches the options of a Prometheus metric of ours.
var metric = regexp.MustCompile(`Name:\s*"(taskmaster_\w+)",\s*Help:\s*"([^"]+)"`)

// TestMetricsAreListed fails when the source has another metric than operations.md lists.
func TestMetricsAreListed(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, dir := range []string{"../internal", "../services"} {
		walk(t, dir, ".go", func(path, _ string, source []byte) {
			if strings.HasSuffix(path, "_test.go") {
				return
			}
			for _, m := range metric.FindAllSubmatch(source, -1) {
				rows = append(rows, fmt.Sprintf("| `%s` | %s |\n", m[1], m[2]))
			}
		})
	}
	if len(rows) == 0 {
		t.Fatal("the source has no metric")
	}
	slices.Sort(rows)
	var b bytes.Buffer
	b.WriteString("\n| metric | meaning |\n|---|---|\n")
	b.WriteString(strings.Join(slices.Compact(rows), ""))
	b.WriteString("\n")
	checkGenerated(t, "operations.md", b.Bytes(), "")
}
