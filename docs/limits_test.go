package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"
)

// limitName matches the names of constants that limit an input or the work for it.
var limitName = regexp.MustCompile(`^([mM]ax[A-Z]\w*|ExcerptLength)$`)

// TestLimitsAreListed fails when the source has another limit, or another value, than limits.md.
func TestLimitsAreListed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("\n| where | name | value |\n|---|---|---|\n")
	found := 0
	for _, dir := range []string{"../internal", "../services"} {
		walk(t, dir, ".go", func(path, place string, source []byte) {
			if strings.HasSuffix(path, "_test.go") {
				return
			}
			for _, l := range limitsIn(t, path, source) {
				found++
				fmt.Fprintf(&b, "| %s | `%s` | %s |\n", place, l.name, l.value)
			}
		})
	}
	if found < 50 {
		t.Errorf("only %d limits were found", found)
	}
	b.WriteString("\n")
	checkGenerated(t, "limits.md", b.Bytes(), "say in the first table which input it limits, then ")
}

// limit is a constant with its value.
type limit struct{ name, value string }

// limitsIn returns the limits in a file. Constants that refer to others are left out.
func limitsIn(t *testing.T, path string, source []byte) []limit {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var limits []limit
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			consts := spec.(*ast.ValueSpec)
			for i, name := range consts.Names {
				if i >= len(consts.Values) || !limitName.MatchString(name.Name) {
					continue
				}
				value, err := types.Eval(files, nil, token.NoPos, types.ExprString(consts.Values[i]))
				if err == nil && value.Value != nil && value.Value.Kind() == constant.Int {
					limits = append(limits, limit{name.Name, value.Value.ExactString()})
				}
			}
		}
	}
	return limits
}

// TestLimitsAreShown fails when limits.md names a test that does not exist.
func TestLimitsAreShown(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("limits.md")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, name := range regexp.MustCompile("`(Test\\w+)` \\|").FindAllSubmatch(page, -1) {
		missing[string(name[1])] = true
	}
	if len(missing) < 10 {
		t.Fatalf("only %d tests are named", len(missing))
	}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{"../internal", "../services"} {
		walk(t, dir, ".go", func(_, _ string, source []byte) {
			for _, name := range declared.FindAllSubmatch(source, -1) {
				delete(missing, string(name[1]))
			}
		})
	}
	for name := range missing {
		t.Errorf("limits.md names %s, which does not exist", name)
	}
}
