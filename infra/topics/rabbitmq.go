package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"taskmaster/dapr/rabbitmq"
)

// importDefinitions creates exchanges, queues, bindings and policies in the virtual host. It changes
// no others.
func importDefinitions(ctx context.Context, cfg config, out io.Writer) error {
	var definitions map[string]any
	if err := json.Unmarshal(rabbitmq.Definitions, &definitions); err != nil {
		return fmt.Errorf("read the definitions: %w", err)
	}
	delete(definitions, "vhosts") // the address below names it
	body, err := json.Marshal(definitions)
	if err != nil {
		return err
	}
	address := url.URL{Scheme: "http", Host: cfg.brokers[0]}
	if cfg.tls {
		address.Scheme = "https"
	}
	where := address.String()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, where+"/api/definitions/"+url.PathEscape(cfg.vhost), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(cfg.username, cfg.password)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cfg.authorities, MinVersion: tls.VersionTLS12}}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", where, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", where, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("import the definitions into virtual host %q: %s: %s", cfg.vhost, res.Status, bytes.TrimSpace(answer))
	}
	for _, kind := range []string{"exchanges", "queues", "bindings", "policies"} {
		list, _ := definitions[kind].([]any)
		fmt.Fprintf(out, "%s: %d are up to date\n", kind, len(list))
	}
	return nil
}
