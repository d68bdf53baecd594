package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// trackedFiles returns the paths of the files that git tracks, relative to the root of the
// repository. Files that were deleted from the working tree are left out.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the tracked files: %v", err)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if _, err := os.Stat(inRepository(name)); err == nil {
			files = append(files, name)
		}
	}
	return files
}

// inRepository returns the path of a file of the repository as the tests see it.
func inRepository(name string) string { return filepath.Join("..", filepath.FromSlash(name)) }

// document is a Markdown file.
type document struct {
	name    string // path in the repository
	links   []string
	anchors map[string]bool
	blocks  []block
	code    []string // code spans
}

// block is a block of code.
type block struct {
	language string // of a fence; empty for an indented block
	text     string
}

// readDocuments returns the documents of the repository.
func readDocuments(t *testing.T) []document {
	t.Helper()
	var all []document
	for _, name := range trackedFiles(t) {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") || strings.Contains(name, "/vendor/") {
			continue
		}
		source, err := os.ReadFile(inRepository(name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parseDocument(name, source))
	}
	if len(all) == 0 {
		t.Fatal("the repository has no documents")
	}
	return all
}

// anchorInHTML matches an anchor that is written as HTML.
var anchorInHTML = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)

func parseDocument(name string, source []byte) document {
	d := document{name: name, anchors: map[string]bool{}}
	for _, m := range anchorInHTML.FindAllSubmatch(source, -1) {
		d.anchors[string(m[1])] = true
	}
	seen := map[string]int{}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function below returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			anchor := slug(plainText(n, source))
			if count := seen[anchor]; count > 0 {
				d.anchors[anchor+"-"+strconv.Itoa(count)] = true
			}
			seen[anchor]++
			d.anchors[anchor] = true
		case *ast.Link:
			d.links = append(d.links, string(n.Destination))
		case *ast.Image:
			d.links = append(d.links, string(n.Destination))
		case *ast.FencedCodeBlock:
			d.blocks = append(d.blocks, block{string(n.Language(source)), lines(n, source)})
		case *ast.CodeBlock:
			d.blocks = append(d.blocks, block{"", lines(n, source)})
		case *ast.CodeSpan:
			d.code = append(d.code, plainText(n, source))
		}
		return ast.WalkContinue, nil
	})
	return d
}

// lines returns the text of a block.
func lines(n ast.Node, source []byte) string {
	var b bytes.Buffer
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.Write(segment.Value(source))
	}
	return b.String()
}

// plainText returns the text of a node without its formatting.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch c := child.(type) {
		case *ast.Text:
			b.Write(c.Value(source))
			if c.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		default:
			b.WriteString(plainText(child, source))
		}
	}
	return b.String()
}

// slug returns the anchor that GitHub gives to a heading.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	d := parseDocument("a.md", []byte("# The `make run` way\n\n## What it makes\n\n## What it makes\n\n## C'est ça, no?\n"))
	for _, want := range []string{"the-make-run-way", "what-it-makes", "what-it-makes-1", "cest-ça-no"} {
		if !d.anchors[want] {
			t.Errorf("the document has no anchor %q, it has %v", want, d.anchors)
		}
	}
}
