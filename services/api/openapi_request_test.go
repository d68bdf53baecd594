package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkRequest checks an accepted request against the document.
func (c *contract) checkRequest(o operation, r *http.Request, body []byte) error {
	return errors.Join(c.checkParameters(o, r), c.checkRequestBody(o, r, body), checkSecurity(o, r))
}

func (c *contract) checkParameters(o operation, r *http.Request) error {
	var problems []error
	documented := map[string]node{}
	list := o.child("parameters")
	for _, i := range list.names() {
		p := list.child(i)
		documented[fmt.Sprint(p.value("in"), " ", strings.ToLower(fmt.Sprint(p.value("name"))))] = p.child("schema")
	}
	sent := map[string][]string{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	for name, values := range query {
		sent["query "+name] = values
	}
	for _, name := range []string{"If-Match", "If-None-Match", "Idempotency-Key"} {
		if values := r.Header.Values(name); len(values) > 0 {
			sent["header "+strings.ToLower(name)] = values
		}
	}
	for name, values := range sent {
		schema, ok := documented[name]
		if !ok {
			problems = append(problems, fmt.Errorf("the %s is not in the document", name))
			continue
		}
		for _, v := range values {
			var value any = v
			if n := json.Number(v); schema.value("type") == "integer" && integer(n) {
				value = n
			}
			if err := c.validate(schema, value); err != nil {
				problems = append(problems, fmt.Errorf("the %s: %w", name, err))
			}
		}
	}
	return errors.Join(problems...)
}

func integer(n json.Number) bool { _, err := n.Int64(); return err == nil }

func (c *contract) checkRequestBody(o operation, r *http.Request, body []byte) error {
	if len(body) == 0 {
		if o.child("requestBody").value("required") == true {
			return errors.New("the request has no body, which the document requires")
		}
		return nil
	}
	mediaType := "application/json"
	if ct := r.Header.Get("Content-Type"); ct != "" {
		var err error
		if mediaType, _, err = mime.ParseMediaType(ct); err != nil {
			return fmt.Errorf("the request's content type: %w", err)
		}
	}
	content := o.child("requestBody").child("content").child(mediaType)
	if !content.exists() {
		return fmt.Errorf("the request has a body of type %s, which is not in the document", mediaType)
	}
	var value any = string(body)
	if strings.HasSuffix(mediaType, "json") {
		var err error
		if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(body)); err != nil {
			return fmt.Errorf("the request's body: %w", err)
		}
	}
	if err := c.validate(content.child("schema"), value); err != nil {
		return fmt.Errorf("the request's body: %w", err)
	}
	return nil
}

func checkSecurity(o operation, r *http.Request) error {
	needed := len(o.child("security").names()) > 0
	if needed && r.Header.Get("Authorization") == "" && len(r.Cookies()) == 0 {
		return errors.New("the request shows no session or token, which the document requires")
	}
	return nil
}
