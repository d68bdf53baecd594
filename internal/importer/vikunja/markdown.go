package vikunja

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markdown converts the HTML of Vikunja's editor to Markdown. It returns other text unchanged. Of
// elements that Markdown lacks it keeps the text.
func markdown(text string) string {
	if !strings.Contains(text, "<") {
		return strings.TrimSpace(html.UnescapeString(text))
	}
	w := writer{}
	for tokens := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return w.text()
		}
		token := tokens.Token()
		switch kind { //nolint:exhaustive // comments and doctypes say nothing
		case html.TextToken:
			w.write(token.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(token)
		case html.EndTagToken:
			w.end(token)
		}
	}
}

// maxDepth is the number of distinguished levels of nested lists.
const maxDepth = 8

// writer writes Markdown.
type writer struct {
	out strings.Builder
	// lists are the open lists, each as the number of its last item, or -1 without numbers.
	lists []int
	link  string
	pre   bool
	// begun reports that an item has begun and nothing of it was written.
	begun bool
}

func (w *writer) text() string {
	lines := strings.Split(w.out.String(), "\n")
	var kept []string
	for _, line := range lines {
		line = strings.TrimRight(line, " \t")
		if line != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

func (w *writer) write(s string) {
	if !w.pre {
		// HTML shows any whitespace as one space.
		fields := strings.Join(strings.Fields(s), " ")
		if strings.TrimLeft(s, " \t\r\n") != s && !strings.HasSuffix(w.out.String(), "\n") && w.out.Len() > 0 {
			fields = " " + fields
		}
		if fields != " " && strings.TrimRight(s, " \t\r\n") != s {
			fields += " "
		}
		s = fields
	}
	if s != "" {
		w.begun = false
	}
	w.out.WriteString(s)
}

func (w *writer) start(t html.Token) {
	switch t.DataAtom {
	case atom.P, atom.Div, atom.Blockquote:
		// The first paragraph of an item is on the same line as its bullet.
		if n := len(w.lists); n == 0 {
			w.out.WriteString("\n\n")
		} else if !w.begun {
			w.out.WriteString("\n" + strings.Repeat("  ", min(n, maxDepth)))
		}
	case atom.Tr:
		w.out.WriteString("\n")
	case atom.Td, atom.Th:
		if !strings.HasSuffix(w.out.String(), "\n") {
			w.out.WriteString(" | ")
		}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.out.WriteString("\n\n" + strings.Repeat("#", int(t.Data[1]-'0')) + " ")
	case atom.Br:
		w.out.WriteString("\n")
	case atom.Hr:
		w.out.WriteString("\n\n---\n\n")
	case atom.Ul, atom.Ol:
		first := -1
		if t.DataAtom == atom.Ol {
			first = 0
		}
		w.lists = append(w.lists, first)
		w.out.WriteString("\n")
	case atom.Li:
		w.item(t)
	case atom.Pre:
		w.pre = true
		w.out.WriteString("\n\n```\n")
	case atom.A:
		w.link = attribute(t, "href")
		if w.link != "" {
			w.out.WriteString("[")
		}
	case atom.Img:
		w.out.WriteString(attribute(t, "alt"))
	default:
		w.out.WriteString(mark(t.DataAtom, w.pre))
	}
}

// item begins an item of a list. A task list item gets its box.
func (w *writer) item(t html.Token) {
	depth, bullet := min(max(len(w.lists), 1), maxDepth), "- "
	if n := len(w.lists); n > 0 && w.lists[n-1] >= 0 {
		w.lists[n-1]++
		bullet = "1. "
	}
	switch attribute(t, "data-checked") {
	case "true":
		bullet += "[x] "
	case "false":
		bullet += "[ ] "
	}
	w.out.WriteString("\n" + strings.Repeat("  ", depth-1) + bullet)
	w.begun = true
}

func (w *writer) end(t html.Token) {
	switch t.DataAtom {
	case atom.P, atom.Div, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if len(w.lists) == 0 {
			w.out.WriteString("\n\n")
		}
	case atom.Ul, atom.Ol:
		if len(w.lists) > 0 {
			w.lists = w.lists[:len(w.lists)-1]
		}
		w.out.WriteString("\n")
	case atom.Pre:
		w.pre = false
		w.out.WriteString("\n```\n\n")
	case atom.A:
		if w.link != "" {
			w.out.WriteString("](" + w.link + ")")
			w.link = ""
		}
	default:
		w.out.WriteString(mark(t.DataAtom, w.pre))
	}
}

// mark returns the Markdown that surrounds an element's text.
func mark(a atom.Atom, pre bool) string {
	switch {
	case a == atom.Strong, a == atom.B:
		return "**"
	case a == atom.Em, a == atom.I:
		return "*"
	case a == atom.S, a == atom.Del:
		return "~~"
	case a == atom.Code && !pre:
		return "`"
	}
	return ""
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
