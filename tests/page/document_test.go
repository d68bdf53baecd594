package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// document is a page that the server answered with.
type document struct {
	*visitor
	status int
	path   string
	raw    string
	header http.Header
	root   *html.Node
}

// want fails the test unless the page has this status and heading.
func (d *document) want(status int, heading string) *document {
	d.t.Helper()
	if got := text(d.find("h1", "")); d.status != status || got != heading {
		d.t.Fatalf("%s: got status %d and the heading %q, want %d and %q: %s", d.path, d.status, got, status, heading, text(d.root))
	}
	return d
}

// says fails the test unless the page contains all texts.
func (d *document) says(texts ...string) *document {
	d.t.Helper()
	all := text(d.root)
	for _, want := range texts {
		if !strings.Contains(all, want) {
			d.t.Errorf("%s does not say %q: %s", d.path, want, all)
		}
	}
	return d
}

// lacks fails the test if the page contains one of the texts.
func (d *document) lacks(texts ...string) *document {
	d.t.Helper()
	all := text(d.root)
	for _, unwanted := range texts {
		if strings.Contains(all, unwanted) {
			d.t.Errorf("%s says %q: %s", d.path, unwanted, all)
		}
	}
	return d
}

// find returns the first element with a name and a class or id. "" matches any class.
func (d *document) find(name, class string) *html.Node {
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name && (class == "" || attribute(n, "id") == class || slices.Contains(strings.Fields(attribute(n, "class")), class)) {
			return n
		}
	}
	return nil
}

// titles returns the titles of the listed tasks.
func (d *document) titles() []string {
	var all []string
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && attribute(n, "class") == "name" {
			all = append(all, text(n))
		}
	}
	return all
}

// form is a form with its current values.
type form struct {
	*document
	action string
	values url.Values
}

// form returns the first form with an action. It holds the values that a browser would send with
// the form's first button.
func (d *document) form(action string) *form {
	d.t.Helper()
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && attribute(n, "action") == action {
			f := &form{d, action, url.Values{}}
			f.read(n)
			return f
		}
	}
	d.t.Fatalf("%s has no form for %s", d.path, action)
	return nil
}

func (f *form) read(n *html.Node) {
	for field := range n.Descendants() {
		name := attribute(field, "name")
		if field.Type != html.ElementNode || name == "" {
			continue
		}
		switch kind := attribute(field, "type"); {
		case field.Data == "textarea":
			f.values.Add(name, strings.TrimPrefix(raw(field), "\n"))
		case field.Data == "select":
			f.values.Add(name, chosen(field))
		case field.Data == "input" && (kind == "checkbox" || kind == "radio"):
			if has(field, "checked") {
				f.values.Add(name, attribute(field, "value"))
			}
		case field.Data == "input":
			f.values.Add(name, attribute(field, "value"))
		}
	}
}

// fill sets fields. pairs holds names and values.
func (f *form) fill(pairs ...string) *form {
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// send sends the form and returns the following page.
func (f *form) send(header ...string) *document {
	f.t.Helper()
	return f.do("POST", f.action, f.values, header...)
}

func chosen(selection *html.Node) string {
	first, found := "", false
	for option := range selection.Descendants() {
		if option.Type != html.ElementNode || option.Data != "option" {
			continue
		}
		value := text(option)
		if has(option, "value") {
			value = attribute(option, "value")
		}
		if has(option, "selected") {
			return value
		}
		if !found {
			first, found = value, true
		}
	}
	return first
}

func attribute(n *html.Node, name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// raw returns the text in an element unchanged.
func raw(n *html.Node) string {
	var b strings.Builder
	if n != nil {
		for child := range n.Descendants() {
			if child.Type == html.TextNode {
				b.WriteString(child.Data)
			}
		}
	}
	return b.String()
}

// text returns the text in an element with single blanks.
func text(n *html.Node) string { return strings.Join(strings.Fields(raw(n)), " ") }
