package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	orderedmap "github.com/wk8/go-ordered-map/v2"
)

// Page is the content of a page that shows the document to people.
type Page struct {
	Title, Summary string
	// Notes are the sentences of the description.
	Notes   []string
	Groups  []Group
	Schemas []NamedSchema
}

// Group is the operations of one tag.
type Group struct {
	Name, Description string
	Operations        []Operation
}

// Operation is one method of one path.
type Operation struct {
	ID, Method, Path, Summary, Description string
	// Scope is the scope that a token needs. It is empty if the operation needs no account.
	Scope      string
	Parameters []Field
	// Requests holds the request body, once for each media type.
	Requests  []Content
	Responses []Response
	Problems  []Response
}

// Response is the answer with one status.
type Response struct {
	Status, Description string
	Contents            []Content
}

// Content is a body of one media type.
type Content struct {
	MediaType string
	Type      []Word
	Examples  []Example
}

// Example is an example of a body.
type Example struct{ Name, Text string }

// NamedSchema is a schema that has a section of its own.
type NamedSchema struct {
	Name, Description string
	// Type is set if the schema is no object.
	Type   []Word
	Limits string
	// Variants holds the fields of an object. A schema with alternatives has several.
	Variants [][]Field
}

// Field is a field of an object, or a parameter of a request.
type Field struct {
	Name string
	// In is the place of a parameter: path, query or header.
	In          string
	Required    bool
	Type        []Word
	Limits      string
	Description string
}

// NewPage reads the document.
func NewPage() (*Page, error) {
	var doc document
	if err := json.Unmarshal(Document, &doc); err != nil {
		return nil, fmt.Errorf("parse openapi.json: %w", err)
	}
	p := &Page{Title: doc.Info.Title, Summary: doc.Info.Summary, Notes: sentences(doc.Info.Description)}
	for _, tag := range doc.Tags {
		group := Group{Name: tag.Name, Description: tag.Description}
		for path := doc.Paths.Oldest(); path != nil; path = path.Next() {
			for method := path.Value.Oldest(); method != nil; method = method.Next() {
				if slices.Contains(method.Value.Tags, tag.Name) {
					group.Operations = append(group.Operations, doc.operation(method.Key, path.Key, method.Value))
				}
			}
		}
		p.Groups = append(p.Groups, group)
	}
	for s := doc.Components.Schemas.Oldest(); s != nil; s = s.Next() {
		p.Schemas = append(p.Schemas, named(s.Key, s.Value))
	}
	return p, nil
}

// document is the part of the document that the page shows, in its order.
type document struct {
	Info struct{ Title, Summary, Description string }
	Tags []struct{ Name, Description string }
	// Paths maps a path and a method to an operation.
	Paths      *orderedmap.OrderedMap[string, *orderedmap.OrderedMap[string, operation]]
	Components struct {
		Parameters map[string]parameter
		Responses  map[string]response
		Examples   map[string]example
		Schemas    *orderedmap.OrderedMap[string, *schema]
	}
}

type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Security                          []map[string][]string
	Parameters                        []parameter
	RequestBody                       *response
	Responses                         *orderedmap.OrderedMap[string, response]
}

type parameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *schema
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Content     *orderedmap.OrderedMap[string, content]
}

type content struct {
	Schema   *schema
	Example  json.RawMessage
	Examples *orderedmap.OrderedMap[string, example]
}

type example struct {
	Ref   string `json:"$ref"`
	Value json.RawMessage
}

func (d *document) operation(method, path string, o operation) Operation {
	made := Operation{ID: o.OperationID, Method: strings.ToUpper(method), Path: path, Summary: o.Summary, Description: o.Description}
	for _, requirement := range o.Security {
		made.Scope += strings.Join(requirement["apiToken"], ", ")
	}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[base(p.Ref)]
		}
		f := newField(p.Name, p.Required, p.Schema)
		f.In, f.Description = p.In, p.Description
		made.Parameters = append(made.Parameters, f)
	}
	if o.RequestBody != nil {
		made.Requests = d.contents(*o.RequestBody)
	}
	for r := o.Responses.Oldest(); r != nil; r = r.Next() {
		answer := r.Value
		if answer.Ref != "" {
			answer = d.Components.Responses[base(answer.Ref)]
		}
		shown := Response{Status: r.Key, Description: answer.Description, Contents: d.contents(answer)}
		if r.Key < "4" {
			made.Responses = append(made.Responses, shown)
		} else {
			made.Problems = append(made.Problems, shown)
		}
	}
	return made
}

func (d *document) contents(r response) []Content {
	var made []Content
	if r.Content == nil {
		return nil
	}
	for c := r.Content.Oldest(); c != nil; c = c.Next() {
		shown := Content{MediaType: c.Key, Type: words(c.Value.Schema)}
		if c.Value.Example != nil {
			shown.Examples = append(shown.Examples, Example{Text: indent(c.Value.Example)})
		}
		if c.Value.Examples != nil {
			for e := c.Value.Examples.Oldest(); e != nil; e = e.Next() {
				value := e.Value.Value
				if e.Value.Ref != "" {
					value = d.Components.Examples[base(e.Value.Ref)].Value
				}
				shown.Examples = append(shown.Examples, Example{e.Key, indent(value)})
			}
		}
		made = append(made, shown)
	}
	return made
}

// indent returns a JSON value on several lines. A string is shown as its text.
func indent(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return strings.ReplaceAll(text, "\r\n", "\n")
	}
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}

// sentences splits a text after each full stop.
func sentences(text string) []string {
	parts := strings.SplitAfter(text, ". ")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// base returns the name at the end of a reference.
func base(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }
