package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// setting is a field of a config struct with an env tag.
type setting struct{ field, variable, initial, allowed, description string }

// TestConfigurationIsListed fails when a service reads another variable, or with another default,
// than configuration.md lists.
func TestConfigurationIsListed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	table := func(title, file string) {
		settings := readSettings(t, file)
		if len(settings) == 0 {
			return // the service has the common settings only
		}
		fmt.Fprintf(&b, "\n## %s\n\n| variable | default | allowed | meaning |\n|---|---|---|---|\n", title)
		for _, s := range settings {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.variable, s.initial, s.allowed, s.description)
		}
	}
	table("Every service", "../internal/server/config.go")
	files, err := filepath.Glob("../services/*/config.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no service has a config.go")
	}
	for _, file := range files {
		table(filepath.Base(filepath.Dir(file)), file)
	}
	b.WriteString("\n")
	checkGenerated(t, "configuration.md", b.Bytes(), "")
}

// readSettings returns the fields with an env tag of a file, in their order. Each needs a comment.
func readSettings(t *testing.T, path string) []setting {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var all []setting
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.Field)
		if !ok || f.Tag == nil {
			return true
		}
		raw, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		tag := reflect.StructTag(raw)
		if tag.Get("env") == "" {
			return true
		}
		s := setting{field: f.Names[0].Name, variable: tag.Get("env"), description: describe(f.Names[0].Name, f.Doc.Text())}
		if s.description == "" {
			t.Errorf("%s: the field of %s has no comment", path, s.variable)
		}
		s.initial, s.allowed = rules(tag)
		all = append(all, s)
		return true
	})
	// Comments name other fields. The document names their variables.
	for i := range all {
		for _, other := range all {
			name := regexp.MustCompile(`\b` + other.field + `\b`)
			all[i].description = name.ReplaceAllString(all[i].description, "`"+other.variable+"`")
		}
	}
	return all
}

// describe turns a doc comment, "Name is the address to listen on.", into a description: "The address
// to listen on."
func describe(name, comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = strings.TrimPrefix(text, name+" ")
	for _, verb := range []string{"is ", "are ", "holds "} {
		text = strings.TrimPrefix(text, verb)
	}
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text)
}

// rules returns the default of a variable and its allowed values, from the tags default and validate.
func rules(tag reflect.StructTag) (initial, allowed string) {
	if initial = tag.Get("default"); initial != "" {
		initial = "`" + initial + "`"
	}
	var least, most string
	var others []string
	for rule := range strings.SplitSeq(tag.Get("validate"), ",") {
		name, value, _ := strings.Cut(rule, "=")
		switch name {
		case "required":
			initial = "required"
		case "min":
			least = value
		case "max":
			most = value
		case "oneof":
			others = append(others, "`"+strings.ReplaceAll(value, " ", "`, `")+"`")
		case "cidr":
			others = append(others, "networks such as `10.0.0.0/8`")
		case "dir":
			others = append(others, "folder")
		case "origin":
			others = append(others, "scheme and host")
		case "http_url":
			others = append(others, "URL")
		case "hostname_port":
			others = append(others, "`host:port` or `:port`")
		}
	}
	switch {
	case least != "" && most != "":
		others = append(others, least+" to "+most)
	case least != "":
		others = append(others, "at least "+least)
	}
	return initial, strings.Join(others, ", ")
}

func TestDescriptionOfASetting(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"Addr is the address\nto listen on. It is local.": "The address to listen on. It is local.",
		"Addr sets a | b.": `Sets a \| b.`,
		"":                 "",
	}
	for comment, want := range cases {
		if got := describe("Addr", comment); got != want {
			t.Errorf("describe(%q) = %q, want %q", comment, got, want)
		}
	}
}

func TestRulesOfASetting(t *testing.T) {
	t.Parallel()
	initial, allowed := rules(`default:"3" validate:"min=1,max=5"`)
	if initial != "`3`" {
		t.Errorf("the default is %q, want `3`", initial)
	}
	if allowed != "1 to 5" {
		t.Errorf("the allowed values are %q, want 1 to 5", allowed)
	}
}
