package main

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// markdown renders notes (CommonMark, with strikethrough, tables, task lists and bare links). HTML that is written in them is
// left out; what is rendered goes through an allow-list besides, so that one mistake is not enough. Links lead to http,
// https and mailto alone, tell the other side nothing of this page, and open elsewhere.
func markdown(text string) template.HTML {
	if text == "" {
		return ""
	}
	var out bytes.Buffer
	if err := markdownRenderer().Convert([]byte(text), &out); err != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(text) + "</pre>") //nolint:gosec // escaped
	}
	// What is ticked is told by a character, since a checkbox that cannot be used has no name to be called by.
	boxes := strings.NewReplacer(`<input checked="" disabled="" type="checkbox">`, "☑", `<input disabled="" type="checkbox">`, "☐")
	return template.HTML(markdownPolicy().Sanitize(boxes.Replace(out.String()))) //nolint:gosec // sanitised
}

func markdownRenderer() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Strikethrough, extension.Table, extension.TaskList, extension.Linkify),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)
}

func markdownPolicy() *bluemonday.Policy {
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
