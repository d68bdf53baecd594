package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"taskmaster/internal/apiv1"
)

// templates holds one template per page. Each file of templates/pages defines "main". The layout in
// layout.html includes it, and it may use the parts.
type templates map[string]*template.Template

func newTemplates(files fs.FS, a *assets, version, mark string) (templates, error) {
	shared := template.New("shared").Funcs(template.FuncMap{
		"asset":   a.url,
		"version": func() string { return version },
		// key creates an Idempotency-Key for a form. The form's change is made once, however often
		// the form is sent.
		"key": rand.Text,
		// dict builds the argument of a part from names and values.
		"dict":    dict,
		"numbers": numbers,
		"ended":   endedWords,
		"has":     slices.Contains[[]string],
		"json":    toJSON,

		"styles":        func() []string { return []string{"style.css", "tasks.css", "task.css", "settings.css"} },
		"weekdays":      func() []string { return weekdays },
		"priorities":    func() []string { return []string{"none", "low", "medium", "high"} },
		"reminderUnits": func() []string { return []string{"minutes", "hours", "days", "weeks"} },
		"noReminder":    func() reminderForm { return reminderForm{Unit: "minutes"} },
	})
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, fmt.Errorf("list the templates: %w", err)
		}
		for _, name := range names {
			if err := parse(shared, files, name, mark); err != nil {
				return nil, err
			}
		}
	}
	names, err := fs.Glob(files, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	all := templates{}
	for _, name := range names {
		page, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the layout: %w", err)
		}
		if err := parse(page, files, name, mark); err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return all, nil
}

// parse adds the templates of a file to t, with the account field in their forms.
func parse(t *template.Template, files fs.FS, name, mark string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if _, err := t.New(path.Base(name)).Parse(withAccount(string(text), mark)); err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	return nil
}

// page is the part of a view that its handler provides. The layout adds the rest.
type page struct {
	// Name is the name of a file in templates/pages. Its "main" receives this page.
	Name string
	// Title is the heading and the title of the window.
	Title string
	// Path is the path of the current entry in the navigation, or "".
	Path string
	// Body is the data of the page's own template.
	Body any
	// RefreshAt is the time at which the page changes without any change of data, in Unix
	// milliseconds. 0 means never.
	RefreshAt int64
	// Secret keeps the page out of every cache.
	Secret bool

	// The fields below are set when the page is shown.
	User  *apiv1.Me
	Nav   nav
	Flash *flashMessage
	// Here is the page's own address. Forms lead back to it.
	Here string
}

// HasLine reports whether tasks can be added on the page. The list of waiting changes then stands
// below the line for new tasks, and otherwise below the heading.
func (p page) HasLine() bool {
	l, isList := p.Body.(list)
	return p.Name == "calendar" || p.Name == "list" && isList && !l.ReadOnly
}

// show answers with a page. A request of htmx gets only the title and the element #app.
func (s *service) show(w http.ResponseWriter, r *http.Request, status int, p page) error {
	t, ok := s.templates[p.Name]
	if !ok {
		return fmt.Errorf("there is no page %s", p.Name)
	}
	if p.Here == "" {
		p.Here = r.URL.RequestURI()
	}
	if p.Flash == nil {
		p.Flash = s.takeFlash(w, r)
	}
	name := "layout"
	if fromHTMX(r) {
		name = "fragment"
		here, ok := currentPath(r)
		switch {
		case r.Method != http.MethodGet || ok && here == r.URL.RequestURI():
			w.Header().Set("HX-Push-Url", "false") // the address does not change
		case p.Name == "search" && ok && strings.HasPrefix(here, "/search?"):
			w.Header().Set("HX-Replace-Url", r.URL.RequestURI()) // a search that goes on is one step back
		case p.Name == "search":
			w.Header().Set("HX-Push-Url", r.URL.RequestURI())
		}
	}
	// Render into memory first, so that a failing template yields an error and not half a page.
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, p); err != nil {
		return fmt.Errorf("render %s: %w", p.Name, err)
	}
	caching := "private, no-cache"
	if p.Secret {
		caching = "no-store"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", caching)
	w.Header().Add("Vary", "HX-Request, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.ReplaceAll(out.Bytes(), []byte(s.accountMark), []byte(accountOf(p.User)))) // the client may have gone
	return nil
}

// part answers with one part of a page as HTML.
func (s *service) part(w http.ResponseWriter, name string, data any) error {
	var out bytes.Buffer
	if err := s.templates["error"].ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // the client may have gone
	return nil
}

// fromHTMX reports whether a script of the page sent the request and expects a fragment.
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

// toJSON encodes a value for a field of a form.
func toJSON(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
