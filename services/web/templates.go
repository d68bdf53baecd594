package main

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages: each file of templates/pages defines "main", which stands in layout.html and may use the parts.
type templates map[string]*template.Template

func newTemplates(a *assets, version, mark string) (templates, error) {
	shared := template.New("shared").Funcs(template.FuncMap{
		"asset":   a.url,
		"version": func() string { return version },
		// key makes an Idempotency-Key for a form: however often that is sent, what it asks for is done once.
		"key": rand.Text,
		// dict makes what a part is given out of names and values.
		"dict":    dict,
		"numbers": numbers,
		"has":     slices.Contains[[]string],

		"styles":        func() []string { return []string{"style.css", "tasks.css", "task.css", "settings.css"} },
		"weekdays":      func() []string { return weekdays },
		"priorities":    func() []string { return []string{"none", "low", "medium", "high"} },
		"reminderUnits": func() []string { return []string{"minutes", "hours", "days", "weeks"} },
		"noReminder":    func() reminderForm { return reminderForm{Unit: "minutes"} },
	})
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html"} {
		files, err := fs.Glob(templateFiles, pattern)
		if err != nil {
			return nil, fmt.Errorf("list the templates: %w", err)
		}
		for _, file := range files {
			if err := parse(shared, file, mark); err != nil {
				return nil, err
			}
		}
	}
	files, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	all := templates{}
	for _, file := range files {
		page, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the layout: %w", err)
		}
		if err := parse(page, file, mark); err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return all, nil
}

// parse adds a file's templates to t. Their forms name the account.
func parse(t *template.Template, file, mark string) error {
	text, err := templateFiles.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if _, err := t.New(path.Base(file)).Parse(withAccount(string(text), mark)); err != nil {
		return fmt.Errorf("parse %s: %w", file, err)
	}
	return nil
}

// page is what a handler has to say. The layout shows the rest.
type page struct {
	// Name is that of a file in templates/pages, whose "main" gets this page.
	Name string
	// Title is the heading, and the window's title.
	Title string
	// Path is the entry of the navigation that is marked as the current one; "" is none.
	Path string
	// Body is whatever the template shows.
	Body any
	// RefreshAt is when the page would look different although nobody changes anything, in Unix milliseconds; 0 is never.
	RefreshAt int64
	// Secret is that the page shows what must not be kept anywhere.
	Secret bool

	// What follows is filled in when the page is shown.
	User   *user
	Nav    nav
	Notice *notice
	// Here is the page's own address, to which forms come back.
	Here string
}

// HasLine says whether a task can be added on the page: what waits to be sent stands beneath the line, else beneath the heading.
func (p page) HasLine() bool {
	l, isList := p.Body.(list)
	return p.Name == "calendar" || p.Name == "list" && isList && !l.ReadOnly
}

// show answers with a page: whole, or to a request of htmx with what of it can change, which replaces the element #app.
func (w *web) show(rw http.ResponseWriter, r *http.Request, status int, p page) error {
	t, ok := w.templates[p.Name]
	if !ok {
		return fmt.Errorf("there is no page %s", p.Name)
	}
	if p.Here == "" {
		p.Here = r.URL.RequestURI()
	}
	if p.Notice == nil {
		p.Notice = w.takeNotice(rw, r)
	}
	name := "layout"
	if fromHTMX(r) {
		name = "fragment"
		if here, ok := currentPath(r); r.Method != http.MethodGet || ok && here == r.URL.RequestURI() {
			rw.Header().Set("HX-Push-Url", "false") // the address stays what it is
		}
	}
	// Into memory first, so that what fails is an error and not half a page.
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, p); err != nil {
		return fmt.Errorf("render %s: %w", p.Name, err)
	}
	caching := "private, no-cache"
	if p.Secret {
		caching = "no-store"
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", caching)
	rw.Header().Add("Vary", "HX-Request, Cookie")
	rw.WriteHeader(status)
	_, _ = rw.Write(bytes.ReplaceAll(out.Bytes(), []byte(w.accountMark), []byte(accountOf(p.User)))) // the visitor may be gone
	return nil
}

// part answers with one part of a page, as HTML.
func (w *web) part(rw http.ResponseWriter, name string, data any) error {
	var out bytes.Buffer
	if err := w.templates["problem"].ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write(out.Bytes()) // the visitor may be gone
	return nil
}

// fromHTMX says whether a script of ours asks, which wants a fragment.
func fromHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

func dict(pairs ...any) (map[string]any, error) {
	made := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok || i+1 == len(pairs) {
			return nil, fmt.Errorf("dict takes names and values, got %v", pairs)
		}
		made[name] = pairs[i+1]
	}
	return made, nil
}
