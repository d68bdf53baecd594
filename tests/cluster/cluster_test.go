//go:build cluster

// Package cluster tests an installation in a real cluster, first with Helm and then with Pulumi.
//
// The cluster (KUBECONFIG) must have neither Dapr nor TaskMaster. It must be able to get Dapr's
// images. The tests need kubectl, helm and two variables. LOAD_IMAGE is a command that loads an OCI
// archive into the cluster, such as "kind load image-archive". HOST_ADDRESS is an address of this
// machine that pods can reach. PostgreSQL and Kafka run outside the cluster, like hosted ones.
package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// These are the names of two builds with different images.
const (
	firstBuild  = "first"
	secondBuild = "second"
)

// clusterTimeout is how long the cluster may take for one operation.
const clusterTimeout = 5 * time.Minute

// TestInstallation installs the system, uses it, maintains it under traffic and uninstalls it. The
// steps depend on each other. With CLUSTER_LONG set, it also breaks every part.
func TestInstallation(t *testing.T) {
	c := newCluster(t)
	outside := startOutside(t, c.host)
	first, second := c.loadImages(firstBuild), c.loadImages(secondBuild)
	c.installDapr()
	c.createNamespace(outside)
	c.schemas = c.publishedSchemas()

	for _, more := range []string{"", `
publicURL: https://tasks.example.com
autoscaling: {enabled: true}
metrics: {namespace: monitoring}
imagePullSecrets: [registry]
backup: {timeZone: Europe/Berlin}
web: {tls: {secretName: cert}, service: {sourceRanges: [198.51.100.0/24]}}
`} {
		c.dryRun(c.values(outside, first), more)
	}

	c.install(c.values(outside, first))
	c.checkPods(first)
	url := c.address()

	webhooks := c.receiveWebhooks()
	person := signUp(t, url)
	if _, err := webhooks.Channel(t.Context(), person); err != nil {
		t.Fatal(err)
	}

	nextOccurrence(t, person)
	reminder(t, person, webhooks)
	chat(t, person)
	c.backUpAndRestore(outside)
	c.checkRefusals(outside)

	books := c.openBooks(outside, url, true) // Kafka keeps the order
	traffic := startTraffic(t, url)
	began := time.Now()
	changes, retries := books.during(func() { c.maintain(outside, first, second) })
	t.Logf("%.0f changes a second", float64(changes)/time.Since(began).Seconds())
	if retries*refusedOneIn > changes {
		t.Errorf("of %d changes %d were refused: %v", changes, retries, books.refusals())
	}
	traffic.stop()
	if long() {
		c.crowd(url)
		books.during(func() { c.breakParts(outside, url, first) })
	}
	books.close()
	nextOccurrence(t, person)
	reminder(t, person, webhooks)

	c.uninstall()
}

// environment turns the rate limits off, because few users send many requests.
var environment = map[string]map[string]string{
	"web":      {"RATE_PER_MINUTE_ADDRESS": "0", "RATE_PER_MINUTE_USER": "0"},
	"api":      {"RATE_PER_MINUTE": "0", "LOGIN_PER_MINUTE": "100000", "SIGNUP_PER_MINUTE": "100000"},
	"notifier": {"DELIVERIES_PER_HOUR": "0"},
}

// receiveWebhooks starts a server that pods can reach. It stops with the test.
func (c *cluster) receiveWebhooks() *system.Webhooks {
	c.t.Helper()
	ln, err := new(net.ListenConfig).Listen(c.t.Context(), "tcp", net.JoinHostPort(c.host, "0"))
	if err != nil {
		c.t.Fatal(err)
	}
	webhooks := system.ReceiveWebhooksOn(ln)
	c.t.Cleanup(func() { webhooks.Close() })
	return webhooks
}

// values returns the values of the chart. The pods request few resources, so that two of each start
// on two processors.
func (c *cluster) values(o outside, images map[string]string) string {
	quoted, err := json.Marshal(images) // JSON is YAML
	if err != nil {
		c.t.Fatal(err)
	}
	env, err := json.Marshal(environment)
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprintf(`
images: %s
publicURL: http://tasks.example.com
database: {secretName: postgres, port: %s}
broker: %s
tokens: {secretName: tokens}
notifier: {allowNetworks: [%s/32]}
resources: {sidecar: {requests: {cpu: 25m}}}
backup: {enabled: true, claimName: backups, schedule: "0 0 29 2 *"}
env: %s
`, quoted, o.databasePort, o.brokerValues, c.host, env)
}

func signUp(t *testing.T, url string) *system.Person {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	var person *system.Person
	// A load balancer gets its address before it forwards traffic.
	err := system.Poll(ctx, func() (err error) {
		person, err = system.SignUp(ctx, url, system.NewHTTPClient(4))
		return err
	})
	if err != nil {
		t.Fatalf("sign up at %s: %v", url, err)
	}
	return person
}

// chat adds a task by a sentence to the assistant, and finds the conversation again. Every replica of
// the assistant reads it from the state store of its sidecar.
func chat(t *testing.T, p *system.Person) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	answer, err := p.Say(ctx, "first", "add buy oat milk tomorrow at 9")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer, "buy oat milk") {
		t.Errorf("the assistant answers %s", answer)
	}
	var open struct{ Items []system.Task }
	if err := p.Do(ctx, "GET", "/tasks?status=open", nil, &open); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(open.Items, func(task system.Task) bool { return task.Title == "buy oat milk" }) {
		t.Errorf("the task of the assistant is missing among %+v", open.Items)
	}
	for range 4 { // the replicas take turns
		page, err := p.Page(ctx, "/chat")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, "add buy oat milk") {
			t.Error("the page does not list the conversation")
		}
	}
}

// nextOccurrence completes a recurring task and waits for the next one. The event passes api, the
// broker, recurring, and through its sidecar api again.
func nextOccurrence(t *testing.T, p *system.Person) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	title := "Water the plants " + time.Now().Format(time.RFC3339Nano)
	var task system.Task
	err := p.Do(ctx, "POST", "/tasks", map[string]any{
		"title": title, "due_at": "2030-01-01T09:00:00Z", "recurrence": map[string]string{"rrule": "daily"},
	}, &task)
	if err == nil {
		err = p.Do(ctx, "POST", "/tasks/"+task.ID+"/complete", nil, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	err = system.Poll(ctx, func() error {
		var open struct{ Items []system.Task }
		if err := p.Do(ctx, "GET", "/tasks?status=open", nil, &open); err != nil {
			return err
		}
		for _, next := range open.Items {
			if next.Title == title && next.DueAt.Equal(time.Date(2030, 1, 2, 9, 0, 0, 0, time.UTC)) {
				return nil
			}
		}
		return fmt.Errorf("the next occurrence is missing among %d open tasks", len(open.Items))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reminder waits for a reminder. It passes api, Dapr's scheduler, the broker and notifier, and
// leaves the cluster.
func reminder(t *testing.T, p *system.Person, webhooks *system.Webhooks) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	var task system.Task
	at := time.Now().Add(5 * time.Second)
	err := p.Do(ctx, "POST", "/tasks", map[string]any{
		"title": "Call the dentist", "due_at": at.Add(time.Hour), "reminders": []map[string]time.Time{{"at": at}},
	}, &task)
	if err != nil {
		t.Fatal(err)
	}
	n, err := webhooks.Inbox.Wait(ctx, system.About(task.ID))
	if err != nil {
		t.Fatal(err)
	}
	if n.Err != nil || n.Type != "reminder.due" || !strings.Contains(n.Text, "dentist") {
		t.Errorf("received %s %q, want the reminder: %v", n.Type, n.Text, n.Err)
	}
	if n.Arrived.Before(at) {
		t.Errorf("the reminder arrived %v before its time", at.Sub(n.Arrived))
	}
}
