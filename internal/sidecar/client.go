// Package sidecar is what the services need of Dapr: publishing, jobs and invocation through the SDK's client, and the
// decoding of what the sidecar calls back with. Callbacks are plain routes on a service's own mux.
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
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// PubSub is the name of the pub/sub component, whatever broker stands behind it.
const PubSub = "kafka-pubsub"

// CallTimeout bounds a call of the sidecar.
const CallTimeout = 10 * time.Second

const (
	cloudEventType = "application/cloudevents+json"
	// partitionKey names the metadata by which Kafka chooses the partition; other brokers ignore it.
	partitionKey = "partitionKey"
)

// A job that the app answered with an error is tried again, this often and this far apart; after that the sweep finds it.
const (
	jobRetries       = 20
	jobRetryInterval = 3 * time.Second
)

// Client calls the sidecar. It connects when first used and again whenever the sidecar was away, so it can be made before
// the sidecar runs. Every call is bounded by CallTimeout.
type Client struct {
	dapr     dapr.Client
	http     *http.Client
	httpPort int
	token    string
}

// maxDetail is how much of another app's answer is read, in bytes.
const maxDetail = 4 << 10

// New makes a client of the sidecar whose gRPC and HTTP APIs listen on ports of this machine. token is shown with every
// call unless it is empty.
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
			return invoke(ctx, method, req, reply, cc, opts...)
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to sidecar: %w", err)
	}
	return &Client{
		dapr:     dapr.NewClientWithConnection(conn),
		http:     &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}},
		httpPort: httpPort,
		token:    token,
	}, nil
}

// Close closes the connections.
func (c *Client) Close() {
	c.dapr.Close()
	c.http.CloseIdleConnections()
}

// Publish hands a CloudEvent in JSON to the broker, as it is, and returns when the broker has it. Events with the same key
// keep their order when published one after another. The sidecar would otherwise decode and encode each event, to write topic
// and trace into it, which costs it as much as all else that it does for one.
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

// PublishAll hands messages to the broker in as few calls as possible and returns when the broker has them all. They may
// arrive in any order, for only some brokers keep that of a bulk. On an error any of them may have been taken: the sidecar
// does not say which.
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

// JobName is the name of a reminder's job.
func JobName(taskID uuid.UUID, number int) string {
	return fmt.Sprintf("reminder-task-%s-%d", taskID, number)
}

// ParseJobName is the inverse of JobName; ok is false for any other name.
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

// ScheduleJob makes the sidecar call POST /job/<name> once at an instant, or soon when that has passed. A job of the same
// name is replaced.
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

// DeleteJob removes a job. One that is not there is no error.
func (c *Client) DeleteJob(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.dapr.DeleteJob(ctx, name); err != nil && !isNoJob(err) {
		return fmt.Errorf("delete job %s: %w", name, err)
	}
	return nil
}

// HasJob says whether the scheduler holds a job.
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

// isNoJob says whether err means that there is no such job. The sidecar (1.18) wraps the scheduler's answer in a code of its
// own and leaves the real one in the text.
func isNoJob(err error) bool {
	return status.Code(err) == codes.NotFound || strings.Contains(status.Convert(err).Message(), "code = NotFound")
}

// Invoke sends body as JSON by POST to a method of another app, through both sidecars. Code conflict means that the app
// answered 409: the same call will never succeed. Any other error may pass.
func (c *Client) Invoke(ctx context.Context, appID, method string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode call of %s on %s: %w", method, appID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	// Over HTTP, since Dapr 1.18 has deprecated the SDK's way (InvokeService over gRPC to an HTTP app).
	target := fmt.Sprintf("http://127.0.0.1:%d/v1.0/invoke/%s/method/%s", c.httpPort, appID, method)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("make call of %s on %s: %w", method, appID, err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Dapr-Api-Token", c.token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("invoke %s on %s: %w", method, appID, err)
	}
	defer answer.Body.Close()
	// Read to the end, so that the connection can be used again.
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
