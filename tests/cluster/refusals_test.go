//go:build cluster

package cluster

import (
	"net/http"
	"strings"
	"time"
)

// checkRefusals sends requests that the cluster, the services or the sidecars must refuse.
func (c *cluster) checkRefusals(o outside) {
	c.t.Helper()
	_, err := c.try(time.Minute, `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [
		{"name": "root", "image": "root", "securityContext": {"runAsUser": 0}}]}}`,
		"kubectl", "--namespace", c.namespace, "create", "--dry-run=server", "--filename", "-")
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		c.t.Errorf("a pod that runs as root: got %v, want a violation of Pod Security", err)
	}

	// Only the sidecar of a service has its token.
	for service, path := range map[string]string{
		"api": "/internal/occurrences", "recurring": "/events/task-events", "notifier": "/events/reminders", "live": "/events/task-updates",
	} {
		address := c.kubectl("", "get", "pod", c.podsOf(service)[0], "--output", "jsonpath={.status.podIP}")
		status, answer, err := request(c.t.Context(), http.MethodPost, "http://"+address+":8080"+path, "{}")
		if err != nil || status != http.StatusForbidden {
			c.t.Errorf("POST %s at %s without the token: got %d %s (%v), want 403", path, service, status, answer, err)
		}
	}

	recurring, live := c.podsOf("recurring")[0], c.podsOf("live")[0]
	for _, test := range []struct {
		what, pod, method, path string
		want                    int
	}{
		{"recurring publishes a change", recurring, http.MethodPost, "/v1.0/publish/kafka-pubsub/task-updates", http.StatusForbidden},
		{"live publishes a reminder", live, http.MethodPost, "/v1.0/publish/kafka-pubsub-broadcast/reminders", http.StatusForbidden},
		{"live publishes on the component of others", live, http.MethodPost, "/v1.0/publish/kafka-pubsub/task-events", http.StatusNotFound},
		{"live calls api", live, http.MethodPost, "/v1.0/invoke/api/method/internal/occurrences", http.StatusForbidden},
		{"recurring reads the broker's secret", recurring, http.MethodGet, "/v1.0/secrets/kubernetes/kafka", http.StatusInternalServerError},
	} {
		status, answer := c.askSidecar(test.pod, test.method, test.path, "{}")
		if status != test.want || strings.Contains(answer, o.password) {
			c.t.Errorf("%s: got %d %s, want %d", test.what, status, answer, test.want)
		}
	}
}
