// Package docs holds no code. Its tests keep the documents of the repository true: generated tables
// are compared with the source, links and commands are followed.
package docs

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

// A generated part of a document stands between these lines.
const (
	generatedBegin = "<!-- generated: go test ./docs -update -->\n"
	generatedEnd   = "<!-- end of the generated part -->\n"
)

// checkGenerated compares the generated part of a document with its source. With -update it rewrites
// the part. The advice follows the report of a difference.
func checkGenerated(t *testing.T, file string, want []byte, advice string) {
	t.Helper()
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := bytes.Index(have, []byte(generatedBegin)), bytes.Index(have, []byte(generatedEnd))
	if begin < 0 || end < begin {
		t.Fatalf("%s has no generated part", file)
	}
	begin += len(generatedBegin)
	if bytes.Equal(have[begin:end], want) {
		return
	}
	if *update {
		updated := slices.Concat(have[:begin], want, have[end:])
		if err := os.WriteFile(file, updated, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	reportLines(t, file+" lacks", string(want), string(have[begin:end]))
	reportLines(t, file+" has, unlike the source", string(have[begin:end]), string(want))
	t.Errorf("%s differs from the source: %srun go test ./docs -update", file, advice)
}

// reportLines reports each line of a text that another text does not have.
func reportLines(t *testing.T, problem, text, other string) {
	t.Helper()
	known := strings.Split(other, "\n")
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); !slices.Contains(known, line) {
			t.Errorf("%s: %s", problem, line)
		}
	}
}
