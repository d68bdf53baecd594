package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"taskmaster/dapr/rabbitmq"
)

// management is the API of a broker's management plugin for one virtual host
// (https://www.rabbitmq.com/docs/http-api-reference).
type management struct {
	client             http.Client
	address            string
	vhost              string
	username, password string
}

func newManagement(cfg config) management {
	address := url.URL{Scheme: "http", Host: cfg.brokers[0]}
	if cfg.tls {
		address.Scheme = "https"
	}
	return management{
		client:  http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cfg.authorities, MinVersion: tls.VersionTLS12}}},
		address: address.String(), vhost: cfg.vhost, username: cfg.username, password: cfg.password,
	}
}

// maxAnswer is the maximum size of an answer, in bytes. The list of a virtual host's queues is much smaller.
const maxAnswer = 16 << 20

// send sends a request about a kind of object. It returns the answer, or its words as an error.
func (m management) send(ctx context.Context, method, kind string, body io.Reader) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, m.address+"/api/"+kind+"/"+url.PathEscape(m.vhost), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(m.username, m.password)
	res, err := m.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", m.address, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", m.address, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s: %.1000s", res.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}

// object is an exchange, queue, policy or binding. Bindings have no name.
type object struct{ Name, Source, Destination string }

func (o object) String() string {
	if o.Name == "" {
		return "from " + o.Source + " to " + o.Destination
	}
	return o.Name
}

// importDefinitions creates exchanges, queues, bindings and policies in the virtual host. It changes
// no others. It fails if an object is missing afterwards: a broker that is still starting may accept the
// definitions and leave some out.
func importDefinitions(ctx context.Context, cfg config, out io.Writer) error {
	var definitions map[string]any
	if err := json.Unmarshal(rabbitmq.Definitions, &definitions); err != nil {
		return fmt.Errorf("read the definitions: %w", err)
	}
	delete(definitions, "vhosts") // the address names it
	body, err := json.Marshal(definitions)
	if err != nil {
		return err
	}
	var wanted map[string]json.RawMessage
	if err := json.Unmarshal(body, &wanted); err != nil {
		return err
	}
	m := newManagement(cfg)
	if _, err := m.send(ctx, http.MethodPost, "definitions", bytes.NewReader(body)); err != nil {
		return fmt.Errorf("import the definitions into virtual host %q: %w", cfg.vhost, err)
	}
	for _, kind := range []string{"exchanges", "queues", "bindings", "policies"} {
		answer, err := m.send(ctx, http.MethodGet, kind, http.NoBody)
		if err != nil {
			return fmt.Errorf("list the %s of virtual host %q: %w", kind, cfg.vhost, err)
		}
		var want, have []object
		if err := errors.Join(json.Unmarshal(wanted[kind], &want), json.Unmarshal(answer, &have)); err != nil {
			return fmt.Errorf("read the %s of virtual host %q: %w", kind, cfg.vhost, err)
		}
		for _, o := range want {
			if !slices.Contains(have, o) {
				return fmt.Errorf("the %s of virtual host %q lack %s, although the broker accepted it: it may be starting, so run this again", kind, cfg.vhost, o)
			}
		}
		fmt.Fprintf(out, "%s: %d are up to date\n", kind, len(want))
	}
	return nil
}
