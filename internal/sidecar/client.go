// Package sidecar contains the services' access to Dapr. It publishes, schedules jobs and invokes
// apps through the SDK's client, and decodes the sidecar's callbacks. Callbacks are plain routes on
// a service's own mux.
package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// PubSub is the name of the pub/sub component, whichever broker it uses.
const PubSub = "kafka-pubsub"

// CallTimeout bounds a call to the sidecar.
const CallTimeout = 10 * time.Second

const (
	cloudEventType = "application/cloudevents+json"
	// partitionKey names the metadata that selects the partition on Kafka. Other brokers ignore it.
	partitionKey = "partitionKey"
)

// jobRetries and jobRetryInterval control the retries of a job after an error of the app. After the
// last retry the sweep finds the reminder.
const (
	jobRetries       = 20
	jobRetryInterval = 3 * time.Second
)

// Client calls the sidecar. It connects with the first call and again after each outage of the
// sidecar. It can be created before the sidecar runs. CallTimeout bounds every call.
type Client struct {
	conn     *grpc.ClientConn
	dapr     dapr.Client
	http     *http.Client
	httpPort int
	token    string
}

// maxDetail is the maximum size of another app's answer, in bytes.
const maxDetail = 4 << 10

// New returns a client of the sidecar whose gRPC and HTTP APIs listen on ports of this machine. It
// sends token with every call unless it is empty.
func New(grpcPort, httpPort int, token string) (*Client, error) {
	conn, err := grpc.NewClient("127.0.0.1:"+strconv.Itoa(grpcPort),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: time.Second,
		}),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "dapr-api-token", token)
			}
			if traceparent := telemetry.TraceParent(ctx); traceparent != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", traceparent)
			}
			return unimplemented(invoke(ctx, method, req, reply, cc, opts...))
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to sidecar: %w", err)
	}
	return &Client{
		conn:     conn,
		dapr:     dapr.NewClientWithConnection(conn),
		http:     &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}},
		httpPort: httpPort,
		token:    token,
	}, nil
}

// unimplemented returns err, or the code that means that the sidecar does not know the call. Sidecars of
// Dapr 1.16 and 1.17 take a call that they do not know, such as the stable ones for jobs, for one of another
// app, and answer Unknown. The SDK makes the older call only after Unimplemented.
func unimplemented(err error) error {
	if message := status.Convert(err).Message(); status.Code(err) == codes.Unknown &&
		strings.HasPrefix(message, "failed to proxy request: required metadata dapr-callee-app-id") {
		return status.Error(codes.Unimplemented, message)
	}
	return err
}

// Close closes the connections.
func (c *Client) Close() {
	c.dapr.Close()
	c.http.CloseIdleConnections()
}

// AwaitStart returns when the sidecar accepts calls, when patience is over, or when ctx is
// cancelled. An app and its sidecar start together. Without the wait, a healthy start looks like an
// outage in the log.
func (c *Client) AwaitStart(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for state := c.conn.GetState(); state != connectivity.Ready; state = c.conn.GetState() {
		if state == connectivity.Idle {
			c.conn.Connect()
		}
		if !c.conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}

// Publish hands a CloudEvent in JSON to the broker unchanged. It returns when the broker has
// accepted it. Successive calls keep the order of events with the same key. The raw payload saves
// the sidecar from decoding and encoding each event to add topic and trace. That would double its
// work.
func (c *Client) Publish(ctx context.Context, topic, key string, cloudEvent []byte) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	err := c.dapr.PublishEvent(ctx, PubSub, topic, cloudEvent,
		dapr.PublishEventWithContentType(cloudEventType),
		dapr.PublishEventWithMetadata(map[string]string{partitionKey: key}),
		dapr.PublishEventWithRawPayload())
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// PublishAll hands messages to the broker in as few calls as possible. It returns when the broker
// has accepted all. They may arrive in any order, because only some brokers keep the order within a
// bulk. After an error the broker may have accepted any of them, and the sidecar does not name
// them.
func (c *Client) PublishAll(ctx context.Context, topic string, messages []event.Message) error {
	if len(messages) == 1 {
		return c.Publish(ctx, topic, messages[0].Key, messages[0].CloudEvent)
	}
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	entries := make([]any, len(messages))
	for i, m := range messages {
		entries[i] = dapr.PublishEventsEvent{
			EntryID: strconv.Itoa(i), Data: m.CloudEvent, ContentType: cloudEventType, Metadata: map[string]string{partitionKey: m.Key},
		}
	}
	if err := c.dapr.PublishEvents(ctx, PubSub, topic, entries, dapr.PublishEventsWithRawPayload()).Error; err != nil {
		return fmt.Errorf("publish %d events to %s: %w", len(messages), topic, err)
	}
	return nil
}

// JobName returns the name of a reminder's job.
func JobName(taskID uuid.UUID, number int) string {
	return fmt.Sprintf("reminder-task-%s-%d", taskID, number)
}

// ParseJobName is the inverse of JobName. It returns ok=false for any other name.
func ParseJobName(name string) (taskID uuid.UUID, number int, ok bool) {
	const prefix = "reminder-task-"
	if len(name) < len(prefix)+36+2 || name[:len(prefix)] != prefix {
		return uuid.Nil, 0, false
	}
	taskID, err := uuid.Parse(name[len(prefix) : len(prefix)+36])
	if err != nil {
		return uuid.Nil, 0, false
	}
	number, err = strconv.Atoi(name[len(prefix)+36+1:])
	return taskID, number, err == nil && JobName(taskID, number) == name
}

// ScheduleJob makes the sidecar call POST /job/<name> once at an instant, or soon if the instant
// has passed. It replaces a job of the same name.
func (c *Client) ScheduleJob(ctx context.Context, name string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	job := dapr.NewJob(name,
		dapr.WithJobDueTime(at.UTC().Format(time.RFC3339Nano)),
		dapr.WithJobConstantFailurePolicyMaxRetries(jobRetries),
		dapr.WithJobConstantFailurePolicyInterval(jobRetryInterval))
	job.Overwrite = true
	if err := c.dapr.ScheduleJob(ctx, job); err != nil {
		return fmt.Errorf("schedule job %s: %w", name, err)
	}
	return nil
}

// DeleteJob deletes a job. It returns nil if there is no such job.
func (c *Client) DeleteJob(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.dapr.DeleteJob(ctx, name); err != nil && !isNoJob(err) {
		return fmt.Errorf("delete job %s: %w", name, err)
	}
	return nil
}

// HasJob reports whether the scheduler holds a job.
func (c *Client) HasJob(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	_, err := c.dapr.GetJob(ctx, name)
	if isNoJob(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("get job %s: %w", name, err)
	}
	return true, nil
}

// isNoJob reports whether err means that there is no such job. The sidecar (1.18) wraps the
// scheduler's answer in a code of its own. Only the text holds the scheduler's code.
func isNoJob(err error) bool {
	return status.Code(err) == codes.NotFound || strings.Contains(status.Convert(err).Message(), "code = NotFound")
}

// Invoke sends body as JSON by POST to a method of another app through both sidecars. The code
// conflict means that the app answered 409: the same call will never succeed. A call with any other
// error may succeed later.
func (c *Client) Invoke(ctx context.Context, appID, method string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode call of %s on %s: %w", method, appID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	// The call uses HTTP, because Dapr 1.18 deprecated the SDK's InvokeService over gRPC for an
	// HTTP app.
	target := fmt.Sprintf("http://127.0.0.1:%d/v1.0/invoke/%s/method/%s", c.httpPort, appID, method)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("make call of %s on %s: %w", method, appID, err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Dapr-Api-Token", c.token)
	}
	telemetry.Inject(ctx, r.Header)
	if id := telemetry.RequestID(ctx); id != "" {
		r.Header.Set(telemetry.RequestIDHeader, id)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("invoke %s on %s: %w", method, appID, err)
	}
	defer answer.Body.Close()
	// Read to the end. Otherwise the connection cannot be reused.
	detail, err := io.ReadAll(io.LimitReader(answer.Body, maxDetail))
	if err != nil {
		return fmt.Errorf("invoke %s on %s: %w", method, appID, err)
	}
	switch {
	case answer.StatusCode == http.StatusConflict:
		return task.Errorf(task.CodeConflict, "%s refused %s: %s", appID, method, detail)
	case answer.StatusCode >= 300:
		return fmt.Errorf("invoke %s on %s: status %d: %s", method, appID, answer.StatusCode, detail)
	}
	return nil
}
