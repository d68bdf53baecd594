package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// metric is a metric of ours, as the source makes it.
type metric struct {
	name, kind, unit, help string
	labels                 []string
}

// TestMetricsAreListed fails when the source has another metric than metrics.md lists, or one whose name breaks the
// conventions (https://prometheus.io/docs/practices/naming/).
func TestMetricsAreListed(t *testing.T) {
	t.Parallel()
	var all []metric
	for _, dir := range []string{"../internal", "../services"} {
		walk(t, dir, ".go", func(path, _ string, source []byte) {
			if !strings.HasSuffix(path, "_test.go") && bytes.Contains(source, []byte("prometheus.New")) {
				all = append(all, readMetrics(t, path, source)...)
			}
		})
	}
	if len(all) == 0 {
		t.Fatal("the source has no metric")
	}
	slices.SortFunc(all, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	var b bytes.Buffer
	b.WriteString("\n| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|\n")
	for i, m := range all {
		if i > 0 && all[i-1].name == m.name {
			t.Errorf("two metrics have the name %s", m.name)
		}
		m.check(t)
		labels := ""
		if len(m.labels) > 0 {
			labels = "`" + strings.Join(m.labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.name, m.kind, m.unit, labels, m.help)
	}
	b.WriteString("\n")
	checkGenerated(t, "metrics.md", b.Bytes(), "")
}

// check checks the name and the help of a metric.
func (m *metric) check(t *testing.T) {
	t.Helper()
	base, counts := strings.CutSuffix(m.name, "_total")
	if counts != (m.kind == "counter") {
		t.Errorf("%s is a %s: the names of counters, and no others, end with _total", m.name, m.kind)
	}
	m.unit = "number"
	for _, unit := range []string{"seconds", "bytes"} {
		if !strings.HasSuffix(base, "_"+unit) {
			continue
		}
		m.unit = unit
		if !strings.Contains(m.help, unit) {
			t.Errorf("the help of %s does not name its unit: %s", m.name, m.help)
		}
	}
	if m.kind == "histogram" && m.unit == "number" {
		t.Errorf("the name of %s does not end with its unit", m.name)
	}
	if m.help == "" || !strings.HasSuffix(m.help, ".") {
		t.Errorf("the help of %s is no sentence: %q", m.name, m.help)
	}
}

// readMetrics returns the metrics that a file makes.
func readMetrics(t *testing.T, path string, source []byte) (all []metric) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		options, isOptions := call.Args[0].(*ast.CompositeLit)
		if !ok || !isOptions || fmt.Sprint(f.X) != "prometheus" || !strings.HasPrefix(f.Sel.Name, "New") {
			return true
		}
		kind := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(f.Sel.Name, "New"), "Vec"), "Func"))
		m := metric{kind: kind}
		for _, element := range options.Elts {
			field, ok := element.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			switch fmt.Sprint(field.Key) {
			case "Name":
				m.name = literalText(t, field.Value)
			case "Help":
				m.help = literalText(t, field.Value)
			case "ConstLabels":
				m.labels = append(m.labels, "pool")
			}
		}
		if len(call.Args) > 1 {
			if labels, ok := call.Args[1].(*ast.CompositeLit); ok {
				for _, label := range labels.Elts {
					m.labels = append(m.labels, literalText(t, label))
				}
			}
		}
		all = append(all, m)
		return true
	})
	return all
}

// literalText returns the value of a string literal.
func literalText(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Errorf("a metric's option is no literal: %v", e)
		return ""
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
