package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	orderedmap "github.com/wk8/go-ordered-map/v2"
)

// Word is a part of the name of a type. Schema names the schema to which it leads, or is empty.
type Word struct{ Text, Schema string }

// schema is a JSON Schema as the document uses it.
type schema struct {
	Ref         string `json:"$ref"`
	Description string
	// Type is a name or a list of names.
	Type                 any
	Format, Pattern      string
	Enum                 []any
	Const, Default       any
	Minimum, Maximum     *json.Number
	MinLength, MaxLength *int
	MinItems, MaxItems   *int
	UniqueItems          bool
	Items                *schema
	Properties           *orderedmap.OrderedMap[string, *schema]
	Required             []string
	AnyOf, OneOf         []*schema
}

// named returns the section of a schema.
func named(name string, s *schema) NamedSchema {
	made := NamedSchema{Name: name, Description: s.Description}
	switch {
	case s.Properties != nil:
		made.Variants = [][]Field{fields("", s)}
	case len(s.OneOf) > 0:
		for _, variant := range s.OneOf {
			made.Variants = append(made.Variants, fields("", variant))
		}
	default:
		made.Type, made.Limits = words(s), limits(s)
	}
	return made
}

// fields returns the fields of an object. The fields of a nested object follow it with their path.
func fields(prefix string, s *schema) []Field {
	var made []Field
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		made = append(made, newField(prefix+p.Key, slices.Contains(s.Required, p.Key), p.Value))
		if p.Value.Properties != nil {
			made = append(made, fields(prefix+p.Key+".", p.Value)...)
		}
	}
	return made
}

func newField(name string, required bool, s *schema) Field {
	return Field{Name: name, Required: required, Type: words(s), Limits: limits(s), Description: s.Description}
}

// words returns the type of a schema, such as "array of Task" or "string or null".
func words(s *schema) []Word {
	if s.Ref != "" {
		return []Word{{base(s.Ref), base(s.Ref)}}
	}
	if options := slices.Concat(s.AnyOf, s.OneOf); len(options) > 0 {
		var made []Word
		for i, option := range options {
			if i > 0 {
				made = append(made, Word{Text: " or "})
			}
			made = append(made, words(option)...)
		}
		return made
	}
	if s.Items != nil {
		of := append([]Word{{Text: "array of "}}, words(s.Items)...)
		return append(of, Word{Text: strings.TrimPrefix(typeNames(s), "array")})
	}
	return []Word{{Text: typeNames(s)}}
}

func typeNames(s *schema) string {
	var names []string
	switch t := s.Type.(type) {
	case string:
		names = []string{t}
	case []any:
		for _, name := range t {
			names = append(names, fmt.Sprint(name))
		}
	case nil:
		if _, ok := s.Const.(string); ok {
			return "string"
		}
		if s.Const != nil {
			return "integer"
		}
		return "any"
	}
	if s.Format != "" {
		names[0] += " (" + s.Format + ")"
	}
	return strings.Join(names, " or ")
}

// limits returns the permitted values of a schema in words.
func limits(s *schema) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	var values []string
	for _, v := range s.Enum {
		values = append(values, fmt.Sprint(v))
	}
	if len(values) > 0 {
		add("one of %s", strings.Join(values, ", "))
	}
	if s.Const != nil {
		add("always %v", s.Const)
	}
	parts = append(parts, span(s.Minimum, s.Maximum, "")...)
	parts = append(parts, span(s.MinLength, s.MaxLength, " characters")...)
	parts = append(parts, span(s.MinItems, s.MaxItems, " items")...)
	if s.UniqueItems {
		add("no duplicates")
	}
	if s.Pattern != "" {
		add("matches %s", s.Pattern)
	}
	if s.Default != nil {
		add("default %v", s.Default)
	}
	return strings.Join(parts, "; ")
}

// span returns a range in words, or nothing.
func span[T any](low, high *T, unit string) []string {
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf("%v to %v%s", *low, *high, unit)}
	case low != nil:
		return []string{fmt.Sprintf("at least %v%s", *low, unit)}
	case high != nil:
		return []string{fmt.Sprintf("at most %v%s", *high, unit)}
	}
	return nil
}
