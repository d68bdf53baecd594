package openapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1/openapi"
	"taskmaster/internal/task"
)

// comparison compares schemas with Go types.
type comparison struct {
	schemas   map[string]any
	enumsSeen map[string]bool
	report    interface{ Errorf(string, ...any) }
}

// reports collects the problems that a comparison finds.
type reports []string

func (r *reports) Errorf(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func (r reports) contain(text string) bool {
	return slices.ContainsFunc(r, func(line string) bool { return strings.Contains(line, text) })
}

func newComparison(t *testing.T) *comparison {
	t.Helper()
	var doc struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(openapi.Document, &doc); err != nil {
		t.Fatal(err)
	}
	return &comparison{schemas: doc.Components.Schemas, enumsSeen: map[string]bool{}, report: t}
}

// top compares a schema of the document with its type.
func (c *comparison) top(name string, schema map[string]any, of goType) {
	if of.of.Kind() == reflect.Struct {
		c.object(name, schema, of)
		return
	}
	c.value(name, schema, of.of, rules{}, of)
}

// at returns the value at a path such as Task.title.maxLength.
func (c *comparison) at(path string) any {
	parts := strings.Split(path, ".")
	schema, _ := c.schemas[parts[0]].(map[string]any)
	property, _ := schema["properties"].(map[string]any)[parts[1]].(map[string]any)
	return property[parts[2]]
}

// object compares the fields of a struct with the properties of a schema, both ways. A schema with
// alternatives has the properties of all of them, and which are required depends on the alternative.
func (c *comparison) object(at string, schema map[string]any, of goType) {
	alternatives := []map[string]any{schema}
	if list, ok := schema["oneOf"].([]any); ok {
		alternatives = nil
		for _, alternative := range list {
			alternatives = append(alternatives, alternative.(map[string]any))
		}
	}
	seen := map[string]bool{}
	for _, f := range fieldsOf(of.of) {
		name, omitted, _ := strings.Cut(f.Tag.Get("json"), ",")
		if slices.Contains(of.without, name) {
			continue
		}
		seen[name] = true
		where, found := at+"."+name, false
		rules := parseRules(f.Tag.Get("validate"))
		for _, alternative := range alternatives {
			property, ok := member(alternative, "properties", name)
			if !ok {
				continue
			}
			found = true
			property, nullable := notNull(property)
			required := contains(alternative["required"], name)
			switch {
			case len(alternatives) > 1:
			case of.sent && required != (rules.required || slices.Contains(of.required, name)):
				c.report.Errorf("%s: required is %t in the document, and another in the type's validate tag", where, required)
			case !of.sent && !of.loose && required != (omitted == ""):
				c.report.Errorf("%s: required is %t in the document, but the type's json tag is %q", where, required, f.Tag.Get("json"))
			}
			pointer := f.Type.Kind() == reflect.Pointer
			if !of.sent && len(alternatives) == 1 && f.Type != reflect.TypeFor[json.RawMessage]() && nullable != (pointer && omitted == "") {
				c.report.Errorf("%s: null is permitted: %t in the document, but the type is %s with the json tag %q", where, nullable, f.Type, f.Tag.Get("json"))
			}
			c.value(where, property, f.Type, rules, of)
		}
		if !found {
			c.report.Errorf("%s is missing in the document: %s has it", where, of.of)
		}
	}
	for _, alternative := range alternatives {
		named, _ := alternative["properties"].(map[string]any)
		for name := range named {
			if !seen[name] {
				c.report.Errorf("%s.%s is not in the Go type %s", at, name, of.of)
			}
		}
	}
}

// value compares the schema of a value with a Go type.
func (c *comparison) value(at string, schema map[string]any, of reflect.Type, r rules, in goType) {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	want := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Slice: "array", reflect.Struct: "object",
	}[of.Kind()]
	format := ""
	switch of {
	case reflect.TypeFor[json.RawMessage]():
		return // any value
	case reflect.TypeFor[time.Time]():
		want, format = "string", "date-time"
	case reflect.TypeFor[uuid.UUID]():
		want, format = "string", "uuid"
	case reflect.TypeFor[task.Date]():
		format = "date"
	}
	ref, _ := schema["$ref"].(string)
	name := strings.TrimPrefix(ref, "#/components/schemas/")
	if want == "object" {
		c.reference(at, name, schema, of, in)
		return
	}
	if ref != "" {
		schema, _ = c.schemas[name].(map[string]any)
	}
	if got := typeOf(schema); got != want {
		c.report.Errorf("%s has the type %q in the document, want %q for the Go type %s", at, got, want, of)
	}
	if got, _ := schema["format"].(string); format != "" && got != format {
		c.report.Errorf("%s has the format %q in the document, want %q for the Go type %s", at, got, format, of)
	}
	if want == "array" {
		items, _ := schema["items"].(map[string]any)
		c.value(at+"[]", items, of.Elem(), r.items(), in)
	}
	if values, ok := schema["enum"].([]any); ok {
		c.enumeration(at, name, values, r)
		return
	}
	if in.sent && !in.loose && name != "TypedEmail" && schema["const"] == nil {
		c.limits(at, schema, of, r)
	}
}

// reference compares a reference to an object with the registered schemas of a type. A type without
// a schema of its own is compared in place.
func (c *comparison) reference(at, name string, schema map[string]any, of reflect.Type, in goType) {
	var same, others []string
	for registered, g := range types {
		if g.of == of {
			others = append(others, registered)
			if g.sent == in.sent {
				same = append(same, registered)
			}
		}
	}
	if len(same) == 0 {
		same = others
	}
	switch {
	case len(same) == 0:
		c.object(at, schema, goType{of: of})
	case !slices.Contains(same, name):
		c.report.Errorf("%s refers to the schema %q, want one of %v for the Go type %s", at, name, same, of)
	}
}

// enumeration compares the values of an enumeration with the Go constants, and with the rule oneof.
func (c *comparison) enumeration(at, name string, values []any, r rules) {
	if name == "" {
		name = at
	}
	c.enumsSeen[name] = true
	var got []string
	for _, v := range values {
		got = append(got, fmt.Sprint(v))
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(enums[name])); !slices.Equal(got, want) {
		c.report.Errorf("%s has the values %q in the document, want %q", name, got, want)
	}
	if want := slices.Sorted(slices.Values(r.oneof)); len(want) > 0 && !slices.Equal(got, want) {
		c.report.Errorf("%s has the values %q in the document, want %q as in the validate tag", at, got, want)
	}
}

// limits compares the limits of a value with the validate tag, both ways.
func (c *comparison) limits(at string, schema map[string]any, of reflect.Type, r rules) {
	least, most := "minimum", "maximum"
	switch of.Kind() {
	case reflect.String:
		least, most = "minLength", "maxLength"
		if r.required && r.least == nil {
			one := 1.0
			r.least = &one
		}
	case reflect.Slice:
		least, most = "minItems", "maxItems"
		if got := schema["uniqueItems"] == true; got != r.unique {
			c.report.Errorf("%s: uniqueItems is %t in the document, want %t as in the validate tag", at, got, r.unique)
		}
	default: // numbers
	}
	for name, want := range map[string]*float64{least: r.least, most: r.most} {
		got, ok := schema[name].(float64)
		if ok != (want != nil) || ok && got != *want {
			c.report.Errorf("%s: %s is %v in the document, want that of the validate tag %q", at, name, schema[name], r.tag)
		}
	}
}

// rules are the rules of a validate tag.
type rules struct {
	tag              string
	required, unique bool
	least, most      *float64
	oneof            []string
	dive             string
}

func parseRules(tag string) rules {
	made := rules{tag: tag}
	tag, made.dive, _ = strings.Cut(tag, ",dive,")
	for rule := range strings.SplitSeq(tag, ",") {
		name, value, _ := strings.Cut(rule, "=")
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case name == "required":
			made.required = true
		case name == "unique":
			made.unique = true
		case name == "oneof":
			made.oneof = strings.Fields(value)
		case name == "min" && err == nil:
			made.least = &number
		case name == "max" && err == nil:
			made.most = &number
		}
	}
	return made
}

// items returns the rules of the items of a list.
func (r rules) items() rules { return parseRules(r.dive) }

// fieldsOf returns the fields of a struct in JSON, with those of embedded structs.
func fieldsOf(of reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for f := range of.Fields() {
		if f.Anonymous {
			fields = append(fields, fieldsOf(f.Type)...)
		} else {
			fields = append(fields, f)
		}
	}
	return fields
}

// notNull returns a schema without null, and reports whether null was permitted.
func notNull(schema map[string]any) (map[string]any, bool) {
	if options, ok := schema["anyOf"].([]any); ok && len(options) == 2 && options[1].(map[string]any)["type"] == "null" {
		return options[0].(map[string]any), true
	}
	types, ok := schema["type"].([]any)
	return schema, ok && slices.Contains(types, any("null"))
}

func typeOf(schema map[string]any) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		return fmt.Sprint(t[0])
	}
	switch schema["const"].(type) {
	case string:
		return "string"
	case float64:
		return "integer"
	}
	return ""
}

func member(schema map[string]any, path ...string) (map[string]any, bool) {
	for _, name := range path {
		next, ok := schema[name].(map[string]any)
		if !ok {
			return nil, false
		}
		schema = next
	}
	return schema, true
}

func contains(list any, name string) bool {
	names, _ := list.([]any)
	return slices.Contains(names, any(name))
}
