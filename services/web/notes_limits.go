package main

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The limits of notes that are rendered as Markdown. Without them, 16 KB of notes take gigabytes.
const (
	// maxTableCells is the number of cells of all tables, with the empty cells that short rows get.
	// A table beyond it is shown as a paragraph.
	maxTableCells = 5_000
	// maxNesting is the number of quotes and lists that begin on one line. Notes beyond it are shown
	// as plain text.
	maxNesting = 50
	// maxNotesHTML is the largest HTML, in bytes. Notes beyond it are shown as plain text.
	maxNotesHTML = 512 << 10
)

var errNotesLimit = errors.New("the notes break a limit of Markdown")

// nestedTooDeeply reports whether a line begins more than maxNesting quotes and lists. The time for
// such a line grows with the square of their number.
func nestedTooDeeply(notes string) bool {
	for line := range strings.Lines(notes) {
		depth := 0
		for word := range strings.FieldsSeq(line) {
			marker := strings.TrimLeft(word, ">")
			depth += len(word) - len(marker)
			if marker != "" {
				if !listMarker.MatchString(marker) {
					break
				}
				depth++
			}
		}
		if depth > maxNesting {
			return true
		}
	}
	return false
}

var listMarker = regexp.MustCompile(`^([-+*]|\d+[.)])$`)

// limitedTables is the extension for tables, without those of too many cells.
type limitedTables struct{}

// Extend implements goldmark.Extender.
func (limitedTables) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(
		parser.WithParagraphTransformers(util.Prioritized(limitedTable{extension.NewTableParagraphTransformer()}, 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(extension.NewTableHTMLRenderer(), 500)))
}

// limitedTable makes a paragraph a table, unless it would have too many cells.
type limitedTable struct{ parser.ParagraphTransformer }

// cellsKey holds the number of cells of the tables so far.
var cellsKey = parser.NewContextKey()

// Transform implements parser.ParagraphTransformer. A delimiter row such as |-|-| has the number of
// columns.
func (l limitedTable) Transform(p *ast.Paragraph, r text.Reader, pc parser.Context) {
	columns, lines := 0, p.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		if row := line.Value(r.Source()); len(bytes.Trim(row, "|:- \t\r\n")) == 0 {
			columns = max(columns, bytes.Count(row, []byte("|"))+1)
		}
	}
	spent, _ := pc.Get(cellsKey).(int)
	spent += columns * lines.Len()
	if spent > maxTableCells {
		return
	}
	pc.Set(cellsKey, spent)
	l.ParagraphTransformer.Transform(p, r, pc)
}

// limitedBuffer keeps at most maxNotesHTML bytes.
type limitedBuffer struct{ bytes.Buffer }

// Write returns an error when the limit is reached.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxNotesHTML {
		return 0, errNotesLimit
	}
	return b.Buffer.Write(p)
}
