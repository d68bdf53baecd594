package vikunja

import (
	"strings"

	"github.com/JohannesKaufmann/dom"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The limits of HTML that is converted to Markdown. Of other HTML only the text is kept. Without
// them a small file would keep a processor busy for minutes, or grow without end.
const (
	// maxHTML is the maximum length in bytes.
	maxHTML = 128 << 10
	// maxNested is the maximum depth of lists and quotes in each other. Each indents the lines in it.
	maxNested = 16
)

// newMarkdown returns a function that converts the HTML of Vikunja's editor to Markdown. It returns
// text without HTML unchanged. Of elements that Markdown lacks it keeps the text. The function is not
// safe for concurrent use.
func newMarkdown() func(text string) string {
	// The library's table plugin is not used: a wide row and many rows make a table of any size.
	// Escaping is off: its work grows with the square of the length.
	c := converter.NewConverter(converter.WithEscapeMode(converter.EscapeModeDisabled), converter.WithPlugins(
		base.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(commonmark.WithHorizontalRule("---"), commonmark.WithListEndComment(false)),
		strikethrough.NewStrikethroughPlugin(),
	))
	c.Register.PreRenderer(func(_ converter.Context, doc *html.Node) { checkBoxes(doc) }, converter.PriorityEarly)
	c.Register.RendererFor("img", converter.TagTypeInline, image, converter.PriorityEarly)
	c.Register.RendererFor("tr", converter.TagTypeBlock, row, converter.PriorityEarly)
	// The library escapes these signs, which mean nothing in Markdown.
	signs := strings.NewReplacer(" &lt; ", " < ", " &gt; ", " > ", "-&gt; ", "-> ")
	c.Register.TextTransformer(func(_ converter.Context, text string) string { return signs.Replace(text) }, converter.PriorityLate)
	return func(text string) string {
		if !strings.Contains(text, "<") {
			return strings.TrimSpace(html.UnescapeString(text))
		}
		if len(text) > maxHTML {
			return plainText(text)
		}
		doc, err := html.Parse(strings.NewReader(text))
		if err != nil || nested(doc) > maxNested {
			return plainText(text)
		}
		converted, err := c.ConvertNode(doc)
		if err != nil {
			return plainText(text)
		}
		return string(converted)
	}
}

// nested returns the depth of lists and quotes in each other.
func nested(n *html.Node) int {
	depth := 0
	for child := range n.ChildNodes() {
		depth = max(depth, nested(child))
	}
	if n.DataAtom == atom.Ul || n.DataAtom == atom.Ol || n.DataAtom == atom.Blockquote {
		depth++
	}
	return depth
}

// checkBoxes puts the box of each item of a task list before its text.
func checkBoxes(doc *html.Node) {
	for item := range doc.Descendants() {
		box := map[string]string{"true": "[x] ", "false": "[ ] "}[dom.GetAttributeOr(item, "data-checked", "")]
		if box == "" {
			continue
		}
		text := dom.FindFirstNode(item, func(n *html.Node) bool { return n.DataAtom == atom.P })
		if text == nil {
			text = item
		}
		text.InsertBefore(&html.Node{Type: html.TextNode, Data: box}, text.FirstChild)
	}
}

// image renders the description of an image.
func image(_ converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
	_, _ = w.WriteString(dom.GetAttributeOr(n, "alt", ""))
	return converter.RenderSuccess
}

// row renders the cells of a row of a table on one line.
func row(ctx converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
	separator := "\n"
	for _, cell := range dom.AllChildElements(n) {
		_, _ = w.WriteString(separator)
		ctx.RenderChildNodes(ctx, w, cell)
		separator = " | "
	}
	return converter.RenderSuccess
}

// plainText returns the text of HTML. The end of a block is the end of a line.
func plainText(text string) string {
	var out strings.Builder
	for tokens := html.NewTokenizer(strings.NewReader(text)); ; {
		switch kind := tokens.Next(); kind { //nolint:exhaustive // comments and doctypes say nothing
		case html.ErrorToken:
			return strings.TrimSpace(out.String())
		case html.TextToken:
			out.WriteString(html.UnescapeString(string(tokens.Text())))
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			if a := atom.Lookup(name); a == atom.Br || kind == html.EndTagToken && dom.NameIsBlockNode(string(name)) {
				out.WriteByte('\n')
			}
		}
	}
}
