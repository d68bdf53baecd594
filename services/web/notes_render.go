package main

import (
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// notesRenderer renders the notes of tasks as HTML. It is safe for concurrent use.
type notesRenderer struct {
	markdown goldmark.Markdown
	// boxes replaces each checkbox by a character, because a disabled checkbox would have no
	// accessible name.
	boxes  *strings.Replacer
	policy *bluemonday.Policy
}

// render renders notes (CommonMark with strikethrough, tables, task lists and bare links). It
// drops HTML in the notes. The output also passes an allow-list, so that a single bug lets nothing
// through. Links use only http, https and mailto. They open in a new tab and send no referrer. Notes
// beyond the limits are plain text.
func (n *notesRenderer) render(text string) template.HTML {
	if text == "" {
		return ""
	}
	var out limitedBuffer
	if nestedTooDeeply(text) || n.markdown.Convert([]byte(text), &out) != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(text) + "</pre>") //nolint:gosec // escaped
	}
	return template.HTML(n.policy.Sanitize(n.boxes.Replace(out.String()))) //nolint:gosec // sanitised
}

// newNotesRenderer returns the renderer with its allow-list.
func newNotesRenderer() *notesRenderer {
	return &notesRenderer{
		markdown: goldmark.New(
			goldmark.WithExtensions(extension.Strikethrough, limitedTables{}, extension.TaskList, extension.Linkify),
			goldmark.WithRendererOptions(html.WithHardWraps()),
		),
		boxes:  strings.NewReplacer(`<input checked="" disabled="" type="checkbox">`, "☑", `<input disabled="" type="checkbox">`, "☐"),
		policy: newNotesPolicy(),
	}
}

func newNotesPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "li", "h1", "h2", "h3", "h4", "h5", "h6",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^\d{1,9}$`)).OnElements("ol")
	p.AllowElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}
