package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
)

// goWords matches words of Go and its libraries. They mean nothing to a caller.
var goWords = regexp.MustCompile(`json: |\bGo\b|[Uu]nmarshal|strconv\.|parsing |time\.|Time\.|reflect|invalid character|looking for|u?int(8|16|32|64)|float64|\bbool\b|` +
	`UUID (length|format)|\bEOF\b|zip: |url: |mime: |invalid syntax|value out of range|%!|<nil>|0x[0-9a-f]{4}`)

// wrong are values that few fields accept.
var wrong = []any{
	5, 1.5, -1, json.Number("1e400"), json.Number("99999999999999999999"), "", "x", " ", true, []any{}, []any{5}, []any{"x"}, []any{nil},
	[]any{map[string]any{"at": 5}}, map[string]any{}, map[string]any{"x": 1}, nil, "2026-12-24T18:00:00,5Z", "2026-12-24T18:00:00+24:00",
	"2026-12-24T8:00:00Z", "2026-02-30T18:00:00Z", "2026-12-24", "00000000-0000-0000-0000-00000000000g", "a\nb", "\u200b", "\u0000", strings.Repeat("x", 20_000),
}

// malformed are bodies that are not a JSON object.
var malformed = []string{
	``, ` `, `{`, `}`, `[]`, `null`, `5`, `"x"`, `true`, `{"title":}`, `{"title" "x"}`, `{'title': 1}`, `{"title": "x"} x`, `{"title": "\ud800"}`, "{\"title\": \"\xff\"}",
	`{"title": "x", "title": 5}`, `{"due_at": 5}`, `{"id": "x"}`, `{"tasks": 5}`, `{"version": "x"}`, `{"version": 1, "tasks": [{"due_at": 5}]}`,
	`{"version": 1, "tasks": [{"id": 5}, {"title": []}, 7]}`, `{"version": 1, "exported_at": 5}`, `{"version": 1, "tasks": [{"recurrence": {"dtstart": "x"}}]}`,
}

// TestNoGoWordsInAnswers sends wrong values in every field and parameter that openapi.json names.
// Each is refused or accepted, and no message contains words of Go.
func TestNoGoWordsInAnswers(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	made := p.newTask(t, object{"title": "pay rent", "due_at": minute(60)})
	a.handler = a.service.handler() // Without the check: the requests are not in the document.
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	try := func(o operation, path string, body any) {
		sent++
		answer := p.send(t, strings.ToUpper(o.method), path, body)
		if said := string(answer.Body); answer.Status >= 400 && goWords.MatchString(said) {
			t.Errorf("%s with %.200v answers %d in words of Go (%q): %s", o.route(), body, answer.Status, goWords.FindString(said), said)
		}
		if answer.Status >= 500 && answer.Status != 503 {
			t.Errorf("%s with %.200v answers %d: %s", o.route(), body, answer.Status, answer.Body)
		}
	}
	for _, o := range c.list() {
		path := strings.NewReplacer("{id}", made.ID.String()).Replace(o.path)
		if strings.Contains(o.path, "channels") || strings.Contains(o.path, "deliveries") || strings.Contains(o.path, "tokens") {
			path = strings.ReplaceAll(o.path, "{id}", uuid.NewString())
		}
		for _, name := range queryParameters(c, o) {
			for _, value := range wrong {
				try(o, path+"?"+url.Values{name: {strings.Trim(fmt.Sprint(value), `"`)}}.Encode(), nil)
			}
		}
		if strings.Contains(o.path, "{id}") {
			try(o, strings.ReplaceAll(o.path, "{id}", "x"), nil)
		}
		schema, ok := bodySchema(c, o)
		if !ok || strings.HasSuffix(path, "/logout") {
			continue
		}
		for _, body := range malformed {
			try(o, path, body)
		}
		for _, place := range places(c, schema, 3) {
			for _, value := range wrong {
				try(o, path, place(value))
			}
		}
	}
	if sent < 2_000 {
		t.Errorf("only %d requests were sent: the document was not understood", sent)
	}
}

// deref follows the reference of a schema.
func deref(c *contract, schema map[string]any) map[string]any {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		var at any = c.doc
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[name]
		}
		schema = at.(map[string]any)
	}
}

// queryParameters returns the names of an operation's query parameters.
func queryParameters(c *contract, o operation) []string {
	var names []string
	op := operationOf(c, o)
	list, _ := op["parameters"].([]any)
	for _, raw := range list {
		if parameter := deref(c, raw.(map[string]any)); parameter["in"] == "query" {
			names = append(names, parameter["name"].(string))
		}
	}
	return names
}

func operationOf(c *contract, o operation) map[string]any {
	return c.doc["paths"].(map[string]any)[o.path].(map[string]any)[o.method].(map[string]any)
}

// bodySchema returns the schema of an operation's JSON body.
func bodySchema(c *contract, o operation) (map[string]any, bool) {
	raw, ok := operationOf(c, o)["requestBody"].(map[string]any)
	if !ok {
		return nil, false
	}
	content := deref(c, raw)["content"].(map[string]any)
	media, ok := content["application/json"].(map[string]any)
	if !ok {
		return nil, false
	}
	return deref(c, media["schema"].(map[string]any)), true
}

// places returns functions that build a body with a value in one position of a schema, down to a
// depth.
func places(c *contract, schema map[string]any, depth int) []func(value any) any {
	schema = deref(c, schema)
	var found []func(any) any
	if depth == 0 {
		return nil
	}
	for _, combined := range []string{"oneOf", "anyOf", "allOf"} {
		list, _ := schema[combined].([]any)
		for _, part := range list {
			found = append(found, places(c, part.(map[string]any), depth)...)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		found = append(found, func(value any) any { return map[string]any{name: value} })
		property, _ := properties[name].(map[string]any)
		for _, inner := range places(c, property, depth-1) {
			found = append(found, func(value any) any { return map[string]any{name: inner(value)} })
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		for _, inner := range places(c, items, depth-1) {
			found = append(found, func(value any) any { return []any{inner(value)} })
		}
	}
	return found
}

// TestInstants checks accepted and refused instants in a body and in a query.
func TestInstants(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	for at, ok := range map[string]bool{
		"2026-12-24T18:00:00Z": true, "2026-12-24T18:00:00.5Z": true, "2026-12-24T18:00:00+14:00": true, "2026-12-24T18:00:00-23:59": true,
		"2026-12-24T18:00:00,5Z": false, "2026-12-24T18:00:00+24:00": false, "2026-12-24T18:00:00-24:00": false, "2026-12-24T18:00:00+05:60": false,
		"2026-12-24T8:00:00Z": false, "2026-12-24 18:00:00Z": false, "2026-12-24T18:00:00": false, "2026-02-30T18:00:00Z": false, "soon": false,
	} {
		made := p.send(t, "POST", "/api/v1/tasks", object{"title": "pay rent", "due_at": at})
		listed := p.send(t, "GET", "/api/v1/tasks?due_after="+url.QueryEscape(at), nil)
		if got := made.Status == 201; got != ok {
			t.Errorf("%s: due_at is accepted: %t, want %t: %s", at, got, ok, made.Body)
		}
		if got := listed.Status == 200; got != ok {
			t.Errorf("%s: due_after is accepted: %t, want %t: %s", at, got, ok, listed.Body)
		}
		if !ok && !strings.Contains(string(made.Body), `"field":"due_at","message":"is not an RFC 3339 instant`) {
			t.Errorf("%s: the answer does not name the problem: %s", at, made.Body)
		}
	}
	inside := p.send(t, "POST", "/api/v1/tasks", object{"title": "pay rent", "reminders": []object{{"minutes_before": 5}, {"at": "soon"}}}).want(t, 422)
	if want := `"field":"reminders[1].at"`; !strings.Contains(string(inside.Body), want) {
		t.Errorf("got %s, want %s", inside.Body, want)
	}
}

// TestEmailAddresses logs in with other spellings of an address. The answer to an unsupported
// address explains the problem.
func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	account := func(email string) object { return object{"email": email, "password": testPassword} }
	up := a.send(t, "POST", "/api/v1/signup", account(" Ada@Bücher.example ")).want(t, 201)
	if got := decoded[apiv1.User](t, up).Email; got != "ada@xn--bcher-kva.example" {
		t.Errorf("got address %q, want the ASCII form of its domain", got)
	}
	for _, same := range []string{"ada@bücher.example", "ADA@BÜCHER.EXAMPLE\t", "ada@xn--bcher-kva.example"} {
		a.send(t, "POST", "/api/v1/login", account(same)).want(t, 200)
	}
	r := a.send(t, "POST", "/api/v1/signup", account("ädä@example.com")).want(t, 422)
	if said := string(r.Body); strings.Contains(said, "breaks the rule") || !strings.Contains(said, "before the @") {
		t.Errorf("got %s, want a message about the letters before the @", said)
	}
}

// TestTitlesOfOldTasks changes and completes a task whose stored title breaks the present rules.
func TestTitlesOfOldTasks(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "pay rent"})
	p.exec(t, `UPDATE tasks SET title = E'pay\nrent'`)
	p.send(t, "PATCH", taskPath(made.ID), object{"priority": "high"}).want(t, 200)
	p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
	p.send(t, "PATCH", taskPath(made.ID), object{"title": "pay\nthe rent"}).want(t, 422)
	file := p.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	p.send(t, "DELETE", taskPath(made.ID), nil).want(t, 204)
	r := p.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	if want := `"title":"pay rent"`; !strings.Contains(string(r.Body), want) {
		t.Errorf("imported %s, want %s", r.Body, want)
	}
}

// TestAllowNamesHead shows that Allow contains HEAD wherever it contains GET.
func TestAllowNamesHead(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	r := p.send(t, "PUT", "/api/v1/tasks", nil).want(t, 405)
	if got, want := r.Header.Get("Allow"), "GET, HEAD, POST"; got != want {
		t.Errorf("got Allow %q, want %q", got, want)
	}
	p.send(t, "HEAD", "/api/v1/tasks", nil).want(t, 200)
}
