package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// notTimers lists packages whose durations belong to calendars and to texts.
var notTimers = []string{"internal/task", "internal/phrase", "internal/importer"}

// timer is a row of the generated tables.
type timer struct{ place, name, value string }

// TestTimersAreListed fails when the source has another timer, or another value, than timers.md.
func TestTimersAreListed(t *testing.T) {
	t.Parallel()
	checkGenerated(t, "timers.md", timerTables(t), "decide whether the timer can hide a fault, then ")
}

// timerTables returns the generated part of timers.md.
func timerTables(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	table := func(title string, timers []timer) {
		if len(timers) == 0 {
			t.Fatalf("no timer was found for %q", title)
		}
		fmt.Fprintf(&b, "\n### %s\n\n| where | name | value |\n|---|---|---|\n", title)
		for _, timer := range timers {
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", timer.place, timer.name, timer.value)
		}
	}
	table("Services, in Go", goTimers(t))
	table("The page, in JavaScript (milliseconds)", matches(t, "../services/web/static", ".js",
		regexp.MustCompile(`(?m)^(?:export )?const (\w*(?i:wait|pause|timeout|patience|after|for|longest|silence)\w*) = ([\d_]+);`)))
	metadata := matches(t, "../dapr", ".yaml", regexp.MustCompile(`(?m)^ *- name: (\w+)\n +value: "?(\d+(?:ms|s|m|h))"?$`))
	fields := matches(t, "../dapr", ".yaml", regexp.MustCompile(`(?m)^ *(\w+): "?(\d+(?:ms|s|m|h))"?$`))
	fields = slices.DeleteFunc(fields, func(f timer) bool { return f.name == "value" }) // the values of metadata
	table("Sidecars, in component and configuration files", append(metadata, fields...))
	b.WriteString("\n")
	return b.Bytes()
}

// goTimers returns the durations in the Go source: constants, variables, struct fields, env defaults
// and arguments of timers.
func goTimers(t *testing.T) []timer {
	t.Helper()
	var all []timer
	files := token.NewFileSet()
	visit := func(path, place string, source []byte) {
		if strings.HasSuffix(path, "_test.go") || slices.ContainsFunc(notTimers, func(p string) bool { return strings.HasPrefix(place, p+"/") }) {
			return
		}
		file, err := parser.ParseFile(files, path, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		add := func(name string, value ast.Expr) {
			if d, ok := duration(value); ok {
				all = append(all, timer{place, name, d.String()})
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i := range min(len(n.Names), len(n.Values)) {
					add(n.Names[i].Name, n.Values[i])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok {
					add(key.Name, n.Value)
				}
			case *ast.CallExpr:
				for _, argument := range n.Args {
					if name := callee(n.Fun); name == "WithTimeout" || name == "After" || strings.HasPrefix(name, "New") || name == "runPeriodically" || name == "every" {
						add(name, argument)
					}
				}
			case *ast.Field:
				if n.Tag == nil {
					return true
				}
				raw, err := strconv.Unquote(n.Tag.Value)
				if err != nil {
					t.Fatal(err)
				}
				tag := reflect.StructTag(raw)
				if d, err := time.ParseDuration(tag.Get("default")); err == nil && tag.Get("default") != "0" && tag.Get("env") != "" {
					all = append(all, timer{place, tag.Get("env"), d.String() + ", in the environment"})
				}
			}
			return true
		})
	}
	for _, dir := range []string{"../cmd", "../internal", "../services"} {
		walk(t, dir, ".go", visit)
	}
	return all
}

func callee(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

var units = map[string]time.Duration{
	"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
}

// duration evaluates products such as 7 * 24 * time.Hour. It reports whether the expression is a
// product with a unit.
func duration(e ast.Expr) (time.Duration, bool) {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "time" {
			d, ok := units[e.Sel.Name]
			return d, ok
		}
	case *ast.BinaryExpr:
		if e.Op != token.MUL {
			return 0, false
		}
		x, okX := factor(e.X)
		y, okY := factor(e.Y)
		_, unitX := duration(e.X)
		_, unitY := duration(e.Y)
		return time.Duration(x * y), okX && okY && (unitX || unitY)
	}
	return 0, false
}

// factor evaluates a number, or a duration in nanoseconds.
func factor(e ast.Expr) (int64, bool) {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.INT {
		n, err := strconv.ParseInt(literal.Value, 10, 64)
		return n, err == nil
	}
	if product, ok := e.(*ast.BinaryExpr); ok && product.Op == token.MUL {
		x, okX := factor(product.X)
		y, okY := factor(product.Y)
		return x * y, okX && okY
	}
	d, ok := duration(e)
	return int64(d), ok
}

// matches returns a timer for each match of the pattern. Its groups are the name and the value.
func matches(t *testing.T, dir, ext string, pattern *regexp.Regexp) []timer {
	t.Helper()
	var all []timer
	walk(t, dir, ext, func(_, place string, source []byte) {
		for _, m := range pattern.FindAllSubmatch(source, -1) {
			all = append(all, timer{place, string(m[1]), string(m[2])})
		}
	})
	return all
}

func walk(t *testing.T, dir, ext string, visit func(path, place string, source []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "testdata" || name == "vendor" || name == "runtime") {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ext {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator))), source)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
