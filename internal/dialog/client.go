package dialog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client calls the tools of an api over HTTP, with the credentials of a user.
type Client struct {
	HTTP *http.Client
	// URL is that of /mcp.
	URL string
	// Header holds the credentials, and what else each request needs.
	Header http.Header
	// Host is the host that the user named, or "".
	Host string
	// Seen, if set, gets the header of each answer.
	Seen func(http.Header)
}

// StatusError is the error of an api that refused a request before its tool ran.
type StatusError struct {
	Status int
	Detail string
	// RetryAfter is the header of that name.
	RetryAfter string
}

func (e *StatusError) Error() string { return fmt.Sprintf("api answered %d: %s", e.Status, e.Detail) }

// maxResult is the largest result of a tool in bytes. 2,000 tasks of plan_today fit.
const maxResult = 8 << 20

// protocolVersion is a revision of MCP that needs no handshake with a stateless server.
const protocolVersion = "2025-06-18"

// Call calls a tool by one request of JSON-RPC.
func (c *Client) Call(ctx context.Context, tool string, arguments, result any) error {
	raw, err := c.post(ctx, map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments},
	})
	if err != nil {
		return err
	}
	return readResult(raw, result)
}

// Ping asks only whether api takes the credentials. Seen gets the header of the answer.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.post(ctx, map[string]any{"jsonrpc": "2.0", "id": 1, "method": "ping"})
	return err
}

// post sends a message and returns the answer.
func (c *Client) post(ctx context.Context, message any) ([]byte, error) {
	body, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header = c.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Mcp-Protocol-Version", protocolVersion)
	req.Host = c.Host
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if c.Seen != nil && res.StatusCode == http.StatusOK {
		c.Seen(res.Header)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxResult+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the result: %w", err)
	case len(raw) > maxResult:
		return nil, fmt.Errorf("the result has more than %d bytes", maxResult)
	case res.StatusCode != http.StatusOK:
		return nil, refusedRequest(res, raw)
	}
	return raw, nil
}

// refusedRequest returns the error of an answer other than 200. The text of a problem that the user can act on is
// shown.
func refusedRequest(res *http.Response, raw []byte) error {
	var problem struct{ Detail string }
	if err := json.Unmarshal(raw, &problem); err != nil || problem.Detail == "" {
		problem.Detail = http.StatusText(res.StatusCode)
	}
	return &StatusError{Status: res.StatusCode, Detail: problem.Detail, RetryAfter: res.Header.Get("Retry-After")}
}

// readResult reads the answer of JSON-RPC into result.
func readResult(raw []byte, result any) error {
	var answer struct {
		Error  *struct{ Message string }
		Result struct {
			IsError           bool
			Content           []struct{ Text string }
			StructuredContent json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch {
	case answer.Error != nil:
		return fmt.Errorf("the protocol refused the call: %s", answer.Error.Message)
	case answer.Result.IsError:
		var texts []string
		for _, part := range answer.Result.Content {
			texts = append(texts, part.Text)
		}
		return &RefusedError{strings.Join(texts, "\n")}
	}
	if err := json.Unmarshal(answer.Result.StructuredContent, result); err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	return nil
}
