package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// function describes a function or method in the search for assertions.
type function struct {
	asserts bool     // it can fail a test by itself
	calls   []string // names of the functions and methods that it calls
}

// failing are the methods of testing.TB that fail a test.
var failing = []string{"Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"}

// readFunctions adds the functions of a file to those of its package.
func readFunctions(t *testing.T, name, source string, functions map[string]function) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		found := functions[f.Name.Name] // methods of one name count as one function
		ast.Inspect(f.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch called := call.Fun.(type) {
			case *ast.Ident:
				found.calls = append(found.calls, called.Name)
			case *ast.SelectorExpr:
				receiver, _ := called.X.(*ast.Ident)
				isFailure := slices.Contains(failing, called.Sel.Name)
				if isFailure || receiver != nil && receiver.Name == "testkit" {
					found.asserts = true
				}
				found.calls = append(found.calls, called.Sel.Name)
			}
			return true
		})
		functions[f.Name.Name] = found
	}
}

// asserts reports whether a function, or one of its package that it calls, can fail a test.
func asserts(functions map[string]function, name string, seen map[string]bool) bool {
	f, ok := functions[name]
	if !ok || seen[name] {
		return false
	}
	seen[name] = true
	return f.asserts || slices.ContainsFunc(f.calls, func(called string) bool { return asserts(functions, called, seen) })
}

// testsThatAssert returns the tests that can fail, such as "dapr TestSubscriptions".
func testsThatAssert(t *testing.T) map[string]bool {
	t.Helper()
	packages := map[string]map[string]function{}
	for _, name := range trackedFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = map[string]function{}
		}
		readFunctions(t, name, readText(t, name), packages[dir])
	}
	found := map[string]bool{}
	for dir, functions := range packages {
		for name := range functions {
			if strings.HasPrefix(name, "Test") && asserts(functions, name, map[string]bool{}) {
				found[dir+" "+name] = true
			}
		}
	}
	return found
}

func TestAssertionsAreFound(t *testing.T) {
	t.Parallel()
	functions := map[string]function{}
	readFunctions(t, "x_test.go", `package x
func TestDirect(t *testing.T) { t.Run("", func(t *testing.T) { t.Errorf("") }) }
func TestByHelper(t *testing.T) { first(t) }
func TestGolden(t *testing.T) { testkit.Golden(t, "", nil) }
func TestNothing(t *testing.T) { run(t); t.Log("done") }
func first(t *testing.T) { second(t) }
func second(t *testing.T) { first(t); t.Fatal() }
func run(t *testing.T) { t.Helper() }
`, functions)
	for name, want := range map[string]bool{"TestDirect": true, "TestByHelper": true, "TestGolden": true, "TestNothing": false} {
		if got := asserts(functions, name, map[string]bool{}); got != want {
			t.Errorf("%s asserts: got %t, want %t", name, got, want)
		}
	}
}
